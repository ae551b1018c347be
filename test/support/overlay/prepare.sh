#!/bin/bash
# Installs packages into an overlay over this machine's own system and packs what changed. Runs as root in mount and
# PID namespaces of its own, so nothing of it is left when it ends and the machine stays as it was.
# usage: prepare.sh FOLDER TARFILE PACKAGE...
set -euo pipefail
folder=$1 tarfile=$2
shift 2

# An overlay's upper folder can't lie on another overlay (containers), but always on a tmpfs.
mount -t tmpfs -o mode=0755,size=75% tmpfs "$folder"
mkdir -m 0755 "$folder"/{up,work,root}
mount -t overlay overlay -o "lowerdir=/,upperdir=$folder/up,workdir=$folder/work" "$folder/root"
mount -t proc proc "$folder/root/proc"
mount --rbind /dev "$folder/root/dev"

# Keeps the packages' scripts from starting their servers.
printf '#!/bin/sh\nexit 101\n' >"$folder/root/usr/sbin/policy-rc.d"
chmod 0755 "$folder/root/usr/sbin/policy-rc.d"
export DEBIAN_FRONTEND=noninteractive
install=(chroot "$folder/root" apt-get install -q -y --no-install-recommends "$@")
"${install[@]}" || { chroot "$folder/root" apt-get update -q && "${install[@]}"; }

umount -l "$folder/root"
rm -rf "$folder"/up/var/{cache/apt,lib/apt/lists,log} "$folder"/up/usr/share/{doc,man,info}
# The trusted.* attributes say which folders hide what lies below them.
tar -C "$folder/up" --xattrs --xattrs-include='trusted.*' -cf "$tarfile" .
