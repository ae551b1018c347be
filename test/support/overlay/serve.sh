#!/bin/bash
# Runs a server inside the overlay that prepare.sh packed. As PID 1 of its own PID namespace: whatever the server
# forks ends with this process. The network is the machine's own, so loopback ports are reachable from outside.
# usage: serve.sh FOLDER TARFILE DATA SETUP PORT USER...   (DATA becomes /srv, SETUP ends with exec of the server)
set -euo pipefail
folder=$1 tarfile=$2 data=$3 setup=$4
shift 4

mount -t tmpfs -o mode=0755,size=75% tmpfs "$folder"
mkdir -m 0755 "$folder"/{up,work,root}
tar -C "$folder/up" --xattrs --xattrs-include='trusted.*' -xf "$tarfile"
install -m 0755 "$setup" "$folder/up/setup.sh"
mount -t overlay overlay -o "lowerdir=/,upperdir=$folder/up,workdir=$folder/work" "$folder/root"
mount -t proc proc "$folder/root/proc"
mount --rbind /dev "$folder/root/dev"
mount --bind "$data" "$folder/root/srv"

chroot "$folder/root" bash /setup.sh "$@" &
server=$!
trap 'kill -TERM "$server"' TERM
# The first wait returns when the trap has run, the second when the server has ended.
wait "$server" || wait "$server" || true
