# Makes a node a host of a lab: its name, the key, and one "ADDRESS NAME" for each host are the arguments.
# What is done already is done again: Docker writes /etc/hosts whenever a node starts.
set -e
name=$1 key=$2
shift 2
mkdir -p /etc/kindctl-lab /etc/killercoda /root/.kube
umask 077
printf '%s\n' "$key" >/etc/kindctl-lab/key
umask 022
printf '%s\n' "$name" >/etc/kindctl-lab/host
hosts=$(grep -v '# kindctl lab$' /etc/hosts)
{
  printf '%s\n' "$hosts"
  for one; do printf '%s # kindctl lab\n' "$one"; done
} >/etc/hosts
for one; do
  [ "${one#* }" != "$name" ] || printf 'http://%s:PORT\n' "${one% *}" >/etc/killercoda/host
done
# Programs in /tmp run on machines, and not in what Docker mounts there.
mount -o remount,exec /tmp 2>/dev/null || true
ln -sf "$(command -v kubectl)" /usr/local/bin/k
if [ -f /etc/kubernetes/admin.conf ]; then
  ln -sf /etc/kubernetes/admin.conf /root/.kube/config
fi
if [ ! -x /usr/local/bin/etcdctl ]; then
  etcd=$(pgrep -x etcd | head -n 1) || true
  for tool in etcdctl etcdutl; do
    for directory in usr/local/bin usr/bin bin; do
      [ -z "$etcd" ] || [ ! -f "/proc/$etcd/root/$directory/$tool" ] || cp "/proc/$etcd/root/$directory/$tool" /usr/local/bin/
    done
  done
fi
systemctl daemon-reload
systemctl enable --quiet kindctl-lab-ssh
systemctl restart kindctl-lab-ssh
