#!/bin/bash
# Courier-IMAP 5 on 127.0.0.1: no CONDSTORE, no LITERAL+, prefix "INBOX.". usage: courier.sh PORT USER...
set -euo pipefail
port=$1
shift
sed -i 's/^authmodulelist=.*/authmodulelist="authuserdb"/; s/^daemons=.*/daemons=1/' /etc/courier/authdaemonrc
mkdir -p /run/courier/authdaemon
password=$(openssl passwd -1 pass)
install -m 0600 /dev/null /etc/courier/userdb
# The mail's owner needs a name: without one each login waits a second for the file monitor.
for user in "$@"; do
  home=/srv/$user
  [ -d "$home" ] || { mkdir "$home" && maildirmake "$home/Maildir" && chown -R mail:mail "$home"; }
  printf '%s\tuid=%d|gid=%d|home=%s|systempw=%s\n' \
    "$user" "$(id -u mail)" "$(id -g mail)" "$home" "$password" >>/etc/courier/userdb
done
makeuserdb
authdaemond start

# The server is configured by environment. Locks and enhanced IDLE go through a file monitor that all Couriers of the
# machine would share, and Trash would lose what is older than a week.
set -a
. /etc/courier/imapd
IMAP_USELOCKS=0 IMAP_ENHANCEDIDLE=0 IMAP_EMPTYTRASH=
set +a
exec couriertcpd -address=127.0.0.1 -maxprocs=100 -maxperip=100 -nodnslookup -noidentlookup \
  "$port" /usr/lib/courier/courier/imaplogin /usr/bin/imapd Maildir
