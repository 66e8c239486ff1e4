touch /opt/backup.db
