using System.IO;
using System.Text.RegularExpressions;
using Xunit;

namespace Dragonet.Guest.Tests;

/// <summary>Programs that live from the network, unmodified, in one guest over its lo: what they say of themselves.</summary>
public sealed class NetworkProgramTests
{
    [Fact]
    public void Wrk_asks_nginx()
    {
        HostTool.Require("nginx", "nginx");
        HostTool.Require("wrk", "wrk");
        var output = Run("""
            mkdir -p /tmp/n /srv/w; head -c 5000 /dev/zero >/srv/w/index.html
            cat >/tmp/nginx.conf <<.
            user root; pid /tmp/n/pid; error_log /tmp/n/error; worker_processes 2;
            events { worker_connections 256; }
            http { access_log off; client_body_temp_path /tmp/n/b; proxy_temp_path /tmp/n/p; fastcgi_temp_path /tmp/n/f; uwsgi_temp_path /tmp/n/u; scgi_temp_path /tmp/n/s;
              server { listen 8080 reuseport; listen [::]:8080 reuseport; root /srv/w; } }
            .
            nginx -c /tmp/nginx.conf
            wrk -t 2 -c 50 -d 1 http://127.0.0.1:8080/; wrk -t 1 -c 20 -d 1 'http://[::1]:8080/'; kill $(cat /tmp/n/pid)
            """);
        Assert.Equal(2, Regex.Count(output, "requests in"));
        Assert.DoesNotContain("errors", output, StringComparison.OrdinalIgnoreCase);
        Assert.DoesNotContain("Non-2xx", output, StringComparison.Ordinal);
    }

    /// <summary>What ip(8) shows is what it shows in a new network namespace of the host.</summary>
    [Fact]
    public void Ip_makes_rules_and_tables()
    {
        HostTool.Require("ip", "iproute2");
        var output = Run("""
            ip rule add from 10.8.0.1 table 100; ip rule add fwmark 7/0xff lookup 1000 priority 500; ip rule add to 203.0.113.0/24 prohibit priority 600
            ip rule add not iif eth7 oif eth8 unreachable prio 700; ip rule add from 10.8.0.1 table 100 prio 32765 2>/dev/null || ip rule
            ip rule del fwmark 7/0xff; ip rule del prio 600; ip rule del prio 12345 2>/dev/null || ip -6 rule add from fd00::/8 table 5; ip rule; ip -6 rule
            ip route add blackhole 192.0.2.0/24 table 5; ip route add prohibit 198.51.100.0/24 table 5; ip route show table 5; ip route show
            """);
        Assert.Equal(
            """
            0:	from all lookup local
            500:	from all fwmark 0x7/0xff lookup 1000
            600:	from all to 203.0.113.0/24 prohibit
            700:	not from all iif eth7 [detached] oif eth8 [detached] unreachable
            32765:	from 10.8.0.1 lookup 100
            32766:	from all lookup main
            32767:	from all lookup default
            0:	from all lookup local
            700:	not from all iif eth7 [detached] oif eth8 [detached] unreachable
            32765:	from 10.8.0.1 lookup 100
            32766:	from all lookup main
            32767:	from all lookup default
            0:	from all lookup local
            32765:	from fd00::/8 lookup 5
            32766:	from all lookup main
            blackhole 192.0.2.0/24 
            prohibit 198.51.100.0/24 

            """, output);
    }

    [Fact]
    public void Redis_answers_everything_it_is_asked()
    {
        HostTool.Require("redis-benchmark", "redis-tools");
        var output = Run("""
            cd /tmp; redis-server --port 6400 --save '' --appendonly no --daemonize yes >/dev/null
            for i in $(seq 300); do redis-cli -p 6400 ping 2>/dev/null | grep -q PONG && break; sleep 0.1; done
            redis-benchmark -p 6400 -c 50 -n 5000 -q -t set,get,lpush,mset 2>&1 | tr '\r' '\n' | grep 'requests per second' | cut -d: -f1
            redis-cli -p 6400 llen mylist; redis-cli -p 6400 shutdown nosave
            """);
        Assert.Equal("SET\nGET\nLPUSH\nMSET (10 keys)\n5000\n", output);
    }

    [Fact]
    public void Pgbench_has_no_failed_transaction_over_tcp()
    {
        var directory = Directory.Exists("/usr/lib/postgresql") ? Directory.GetDirectories("/usr/lib/postgresql").Order(StringComparer.Ordinal).LastOrDefault() : null;
        if (directory is null)
        {
            HostTool.Require("pg_ctl", "postgresql");
        }

        var output = Run($$"""
            P="setpriv --reuid postgres --regid postgres --clear-groups"; B={{directory}}/bin
            mkdir -p /var/lib/postgresql /var/run/postgresql; chown postgres /var/lib/postgresql /var/run/postgresql
            $P $B/initdb -D /var/lib/postgresql/data >/dev/null
            $P $B/pg_ctl -w -D /var/lib/postgresql/data -o '-c listen_addresses=127.0.0.1,::1 -c fsync=off' -l /tmp/log start >/dev/null
            $P $B/pgbench -h 127.0.0.1 -i -q -s 1 postgres >/dev/null 2>&1
            for h in 127.0.0.1 ::1; do $P $B/pgbench -h $h -c 4 -j 2 -t 100 postgres 2>&1 | grep -E 'actually processed|failed'; done
            """);
        Assert.Equal(string.Concat(Enumerable.Repeat("number of transactions actually processed: 400/400\nnumber of failed transactions: 0 (0.000%)\n", 2)), output);
    }

    [Fact]
    public void Node_serves_and_asks()
    {
        HostTool.Require("node", "nodejs");
        Assert.Equal("500 true\n", Run("""
            cat >/tmp/s.js <<'.'
            const http = require('http'), crypto = require('crypto');
            const sum = data => crypto.createHash('sha256').update(data).digest('hex');
            const server = http.createServer((ask, answer) => { const parts = []; ask.on('data', part => parts.push(part)); ask.on('end', () => answer.end(sum(Buffer.concat(parts)))); });
            server.listen(8081, '127.0.0.1', async () => {
              const one = i => new Promise((good, bad) => {
                const data = Buffer.alloc(2000 + 37 * i, i), ask = http.request({ port: 8081, host: '127.0.0.1', method: 'POST' }, answer => {
                  let text = ''; answer.on('data', part => text += part); answer.on('end', () => good(text === sum(data))); });
                ask.on('error', bad); ask.end(data); });
              let done = [];
              for (let i = 0; i < 500; i += 25) done = done.concat(await Promise.all([...Array(25).keys()].map(j => one(i + j))));
              console.log(done.length, done.every(good => good)); server.close(); process.exit(0); });
            .
            node /tmp/s.js
            """));
    }

    [Fact]
    public void Who_looks_at_the_network_sees_it()
    {
        foreach (var (program, package) in ((string, string)[])[("ip", "iproute2"), ("ss", "iproute2"), ("ping", "iputils-ping"), ("tcpdump", "tcpdump")])
        {
            HostTool.Require(program, package);
        }

        var output = Run("""
            PATH=/usr/sbin:/usr/bin:/sbin:/bin
            ip link add x0 type veth peer name x1; ip addr add 10.7.0.1/24 dev x0; ip link set x0 up; ip link set x1 up
            ip -br addr show x0 | awk '{print $1, $3}'; ip route get 10.7.0.9 | head -n 1 | awk '{print $1, $2, $3, $4, $5}'
            tcpdump -Z root -n -l -c 4 -i lo icmp or icmp6 2>/tmp/e >/tmp/t & for i in $(seq 100); do grep -q listening /tmp/e && break; sleep 0.1; done
            ping -q -c 1 127.0.0.1 | grep -o '1 received'; ping -q -c 1 ::1 | grep -o '1 received'; wait; grep -c 'echo re' /tmp/t
            python3 -c 'import socket,subprocess; s=socket.create_server(("127.0.0.1", 77)); c=socket.create_connection(("127.0.0.1", 77)); print(subprocess.run(["ss", "-Htan"], stdout=-1, text=True).stdout.split()[0])'
            """);
        Assert.Equal("x0@x1 10.7.0.1/24\n10.7.0.9 dev x0 src 10.7.0.1\n1 received\n1 received\n4\nLISTEN\n", output);
    }

    internal static string Run(string script)
    {
        var oopses = new System.Collections.Concurrent.ConcurrentQueue<string>();
        using var kernel = DragonetKernel.Boot(new KernelOptions { MemoryLimit = 4L << 30, OopsReport = oopses.Enqueue });
        using var jail = kernel.Jails.Create([new("name", "a"), new("persist", null), new("overlay", null), new("allow.raw_sockets", null)]);
        using var process = jail.Start(new ProgramOptions { Arguments = ["/bin/sh", "-c", script], Output = GuestStream.Pipe, Error = GuestStream.Null });
        using var output = new StreamReader(process.StandardOutput, System.Text.Encoding.Latin1);
        var text = output.ReadToEnd();
        _ = process.Wait();
        return text.Contains("Killed", System.StringComparison.Ordinal) ? text + string.Concat(oopses) + kernel.Messages : text;
    }
}
