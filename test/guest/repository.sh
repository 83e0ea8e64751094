#!/bin/sh
# Makes a repository of packages that debootstrap(8) takes for a small Debian: repository.sh DIR SUITE
# The packages that its scripts name are empty but for one, which has this machine's shell, dpkg and what they need. Not signed.
set -eu
to=$1 suite=$2
export PATH=/usr/local/sbin:/usr/sbin:/sbin:/usr/local/bin:/usr/bin:/bin
arch=$(dpkg --print-architecture)
mkdir -p "$to/pool" "$to/dists/$suite/main/binary-$arch"
list=$to/dists/$suite/main/binary-$arch/Packages
: >"$list"

package() { # NAME PRIORITY DIR: what is in DIR
    mkdir -p "$3/DEBIAN"
    printf 'Package: %s\nVersion: 1.0\nArchitecture: %s\nMaintainer: nobody <nobody@example.org>\nPriority: %s\nSection: base\nDescription: for a test\n' "$1" "$arch" "$2" >"$3/DEBIAN/control"
    file=pool/${1}_1.0_$arch.deb
    dpkg-deb --root-owner-group -Zgzip -z1 -b "$3" "$to/$file" >/dev/null
    sed '/^Description/d' "$3/DEBIAN/control" >>"$list"
    printf 'Filename: %s\nSize: %s\nSHA256: %s\nDescription: for a test\n\n' "$file" "$(stat -c %s "$to/$file")" "$(sha256sum <"$to/$file" | cut -d' ' -f1)" >>"$list"
    rm -rf "$3"
}

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
chmod 755 "$work"

# Everything below /usr: /bin and its kin are links to it, as everywhere today.
for name in true sh dpkg dpkg-deb dpkg-split dpkg-query tar rm cat ldconfig mount umount mawk start-stop-daemon chroot gzip diff; do
    program=$(PATH=/usr/sbin:/usr/bin which "$name")
    { readlink -f "$program"; ldd "$(readlink -f "$program")" 2>/dev/null | grep -o '/[^ ]*' || true; } | while read -r file; do
        place=$work/dpkg/usr/$(printf %s "$file" | sed 's,^/usr/,,; s,^/,,')
        mkdir -p "${place%/*}"
        [ -e "$place" ] || cp -L "$file" "$place"
    done
    [ -e "$work/dpkg/usr/bin/$name" ] || [ -e "$work/dpkg/usr/sbin/$name" ] || ln -s "$(basename "$(readlink -f "$program")")" "$work/dpkg/usr/bin/$name"
done
mkdir -p "$work/dpkg/usr/sbin" "$work/dpkg/usr/share/dpkg" "$work/dpkg/var/lib/dpkg/info"
[ ! -d /usr/share/dpkg ] || cp /usr/share/dpkg/*table "$work/dpkg/usr/share/dpkg/"
package dpkg required "$work/dpkg"

mkdir -p "$work/files/etc" "$work/files/root" "$work/files/proc" "$work/files/sys" "$work/files/dev" "$work/files/tmp" "$work/files/var/cache/apt" "$work/files/var/tmp" "$work/files/var/log"
for name in bin sbin lib lib64; do
    ln -s "usr/$name" "$work/files/$name"
done
printf 'root:x:0:0:root:/root:/bin/sh\n' >"$work/files/etc/passwd"
printf 'root:x:0:\n' >"$work/files/etc/group"
printf 'a small one\n' >"$work/files/etc/debian_version"
package base-files required "$work/files"
for name in base-passwd libc6 perl-base mawk usr-is-merged; do
    package "$name" required "$work/$name"
done
mkdir -p "$work/apt/usr/share/marks"
echo here >"$work/apt/usr/share/marks/apt"
package apt important "$work/apt"

gzip -kn "$list"
{
    printf 'Origin: Test\nLabel: Test\nSuite: %s\nCodename: %s\nArchitectures: %s\nComponents: main\nSHA256:\n' "$suite" "$suite" "$arch"
    cd "$to/dists/$suite"
    for file in main/binary-*/Packages*; do
        printf ' %s %s %s\n' "$(sha256sum <"$file" | cut -d' ' -f1)" "$(stat -c %s "$file")" "$file"
    done
} >"$to/Release.new"
mv "$to/Release.new" "$to/dists/$suite/Release"
