using System.IO;
using Dragonet.Networking;
using Xunit;

namespace Dragonet.Guest.Tests;

/// <summary>
/// Programs on Dragonet and programs on the host's Linux, over a TAP device, IPv4 and IPv6, by a good wire and by one that delays, loses and
/// reorders: what arrives is what was sent. tshark looks at everything that passed.
/// </summary>
public sealed class LinuxPeerTests
{
    private const string Bad = "delay=3ms jitter=1ms loss=1% reorder=1% duplicate=0.5% seed=11";

    /// <summary>Servers in the jail; the programs of the host call them, and what they sent comes back.</summary>
    private const string Servers = """
        PATH=/usr/sbin:/usr/bin:/sbin:/bin; cd /; umask 022
        mkdir -p /srv/w /run/sshd /root/.ssh /etc/bind /var/cache/bind /tmp/n/up; chmod 700 /root/.ssh
        head -c 1000000 /dev/urandom >/srv/w/data; printf 'TOKEN' >/srv/w/token
        cat >/tmp/nginx.conf <<.
        user root; pid /tmp/n/pid; error_log /tmp/n/error; worker_processes 2;
        events { worker_connections 64; }
        http { access_log off; client_body_temp_path /tmp/n/b; proxy_temp_path /tmp/n/p; fastcgi_temp_path /tmp/n/f; uwsgi_temp_path /tmp/n/u; scgi_temp_path /tmp/n/s;
          server { listen 80 reuseport; listen [::]:80 reuseport; root /srv/w; location /up { client_max_body_size 10m; dav_methods PUT; root /tmp/n; } } }
        .
        nginx -c /tmp/nginx.conf
        rm -f /etc/shadow; echo 'root:*:19000:0:99999:7:::' >/etc/shadow; grep -q ^sshd: /etc/passwd || echo 'sshd:x:74:65534::/run/sshd:/bin/false' >>/etc/passwd
        ssh-keygen -q -t ed25519 -N '' -f /tmp/host; echo 'KEY' >/root/.ssh/authorized_keys
        printf '%s\n' 'Port 22' 'HostKey /tmp/host' 'UsePAM no' 'PermitRootLogin yes' 'PidFile none' 'StrictModes no' >/tmp/sshd_config
        /usr/sbin/sshd -f /tmp/sshd_config
        cat >/tmp/named.conf <<.
        options { directory "/var/cache/bind"; listen-on { any; }; listen-on-v6 { any; }; pid-file "/tmp/named.pid"; recursion no; session-keyfile none; dnssec-validation no; };
        controls { };
        zone "example.org" { type primary; file "/tmp/zone"; };
        .
        { printf '$TTL 60\n@ IN SOA ns.example.org. x.example.org. 1 60 60 60 60\n@ IN NS ns.example.org.\nns IN A 10.9.0.2\nwww IN A 192.0.2.7\nwww IN AAAA 2001:db8::7\n'
          for i in $(seq 60); do echo "big IN TXT \"$i-0123456789012345678901234567890123456789\""; done; } >/tmp/zone
        named -c /tmp/named.conf -n 1
        iperf3 -s -D
        for i in $(seq 300); do dig +short +time=1 +tries=1 @127.0.0.1 www.example.org | grep -q 192.0.2.7 && break; sleep 0.1; done
        echo ready; exec sleep 1000
        """;

    /// <summary>The host's side, once for each family: A is the jail's address, H its form in URLs, F the family.</summary>
    private const string Clients = """
        set -e; S="-i key -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR"
        say() { echo "$F $*"; }
        curl -sS --max-time 60 -o got-$F "http://$H/data"; sum=$(sha256sum <got-$F)
        ssh $S root@$A 'sha256sum </srv/w/data' >sum-$F; [ "$sum" = "$(cat sum-$F)" ] && say curl, ssh
        curl -sS --max-time 60 -T got-$F "http://$H/up/$F"; [ "$(ssh $S root@$A "sha256sum </tmp/n/up/$F")" = "$sum" ] && say upload
        [ "$(ssh $S root@$A cat <got-$F | sha256sum)" = "$sum" ] && say there and back
        rsync -a -e "ssh $S" "root@$H:/srv/w/" dir-$F/; [ "$(sha256sum <dir-$F/data)" = "$sum" ] && [ "$(cat dir-$F/token)" = TOKEN ] && say rsync
        rsync -a -e "ssh $S" got-$F "root@$H:/tmp/back-$F"; [ "$(ssh $S root@$A "sha256sum </tmp/back-$F")" = "$sum" ] && say rsync back
        ask() { dig +time=2 +tries=20 @$A "$@" | grep -v '^;;.*timed out'; }
        say dig $(ask +short www.example.org A) $(ask +short +tcp www.example.org AAAA) $(ask +short big.example.org TXT | wc -l) $(ask none.example.org | grep -c NXDOMAIN)
        # A server that has not seen the last client's end yet is busy, which iperf3 says with status 0 (-J).
        whole() { python3 -c 'import json,sys; e=json.load(sys.stdin).get("end", {}); print("sum_sent" in e and e["sum_sent"]["bytes"] >= 2 << 20 and e["sum_received"]["bytes"] > 0)' <iperf-$F; }
        for o in "" -R "-P 3"; do for i in $(seq 20); do iperf3 -c $A -n 2M $o -J >iperf-$F || :; w=$(whole); [ "$w" = True ] && break; sleep 0.1; done; say iperf3 $o $w; done
        # Datagrams may be lost, the last ones and their count, too: some of several times arrive.
        for i in $(seq 10); do iperf3 -c $A -u -b 8M -t 1 -J >iperf-$F || continue; u=$(python3 -c 'import json,sys; e=json.load(sys.stdin)["end"].get("sum", {}); print(e.get("packets", 0) > e.get("lost_packets", 0))' <iperf-$F); [ "$u" = True ] && break; done; say iperf3 -u $u
        ping -c 4 -i 0.2 -W 10 -s 4000 $A | grep -q '[1-4] received' && say ping
        """;

    [Theory]
    [InlineData("")]
    [InlineData(Bad)]
    public void Programs_of_both_sides_understand_each_other(string impairment)
    {
        foreach (var (program, package) in ((string, string)[])[("nginx", "nginx-light"), ("curl", "curl"), ("ssh", "openssh-client"), ("rsync", "rsync"), ("dig", "bind9-dnsutils"), ("iperf3", "iperf3"), ("ping", "iputils-ping")])
        {
            HostTool.Require(program, package);
        }

        var directory = Directory.CreateTempSubdirectory("dragonet-peer.").FullName;
        try
        {
            Assert.Equal(0, HostTool.Run("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", "key"], directory, TimeSpan.FromSeconds(20)).Status);
            using var peer = new HostNamespace(impairment);
            using var capture = new CaptureFile(peer.Kernel, new CaptureOptions { Jail = "a", Interface = "eb" }, System.IO.Path.Combine(directory, "peer.pcapng"));
            using var servers = peer.Serve(Servers.Replace("KEY", File.ReadAllText(System.IO.Path.Combine(directory, "key.pub")).Trim(), StringComparison.Ordinal));
            foreach (var (family, address, host) in new[] { ("4", "10.9.0.2", "10.9.0.2"), ("6", "fd09::2", "[fd09::2]") })
            {
                var outcome = peer.OnHost($"F={family} A={address} H='{host}'\n" + Clients, directory);
                string[] expected = ["curl, ssh", "upload", "there and back", "rsync", "rsync back", "dig 192.0.2.7 2001:db8::7 60 1", "iperf3 True", "iperf3 -R True", "iperf3 -P 3 True", "iperf3 -u True", "ping"];
                Assert.Equal([.. expected.Select(line => $"{family} {line}"), ""], (outcome.Output + outcome.Error).Split('\n'));
            }

            _ = capture.Check("ip.src == 10.9.0.1 || ipv6.src == fd09::1");
        }
        finally
        {
            Directory.Delete(directory, recursive: true);
        }
    }
}
