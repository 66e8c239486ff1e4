test -s /opt/backup.db
