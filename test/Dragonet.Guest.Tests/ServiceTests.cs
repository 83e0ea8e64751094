using System.IO;
using Xunit;

namespace Dragonet.Guest.Tests;

/// <summary>Services as their packages start them: eight databases side by side, and daemons that change their root.</summary>
public sealed class ServiceTests
{
    private const string Postgres = "setpriv --reuid postgres --regid postgres --clear-groups ";

    [Fact]
    public void I7_eight_databases_with_the_same_port_keys_and_paths()
    {
        var directory = Directory.Exists("/usr/lib/postgresql") ? Directory.GetDirectories("/usr/lib/postgresql").Order(StringComparer.Ordinal).LastOrDefault() : null;
        if (directory is null)
        {
            HostTool.Require("pg_ctl", "postgresql");
        }

        var start = $"{Postgres}{directory}/bin/pg_ctl -w -D /var/lib/postgresql/data -l /tmp/log start >/dev/null 2>&1";
        using var kernel = DragonetKernel.Boot(new KernelOptions { MemoryLimit = 8L << 30 });
        var first = kernel.Jails.Create(new JailOptions { Name = "db0", Overlay = true });
        _ = Run(first, $"mkdir -p /var/lib/postgresql /var/run/postgresql; chown postgres /var/lib/postgresql /var/run/postgresql; {Postgres}{directory}/bin/initdb -D /var/lib/postgresql/data");
        List<GuestJail> jails = [first, .. Enumerable.Range(1, 7).Select(i => kernel.Jails.Clone(first, $"db{i}", []))];
        for (var i = 0; i < jails.Count; i++)
        {
            Assert.Equal($"{i}\n", Run(jails[i], $"{start}; {Postgres}psql -qAt -c 'create table t(x int); insert into t select {i}; select sum(x) from t'"));
        }

        // A server that was killed starts again: it sees by key and attachments that its segment is nobody's (shmctl(2), IPC_STAT).
        Assert.Equal("3\n", Run(jails[3], $"kill -9 $(head -n 1 /var/lib/postgresql/data/postmaster.pid); while pgrep -x postgres >/dev/null; do :; done; {start}; {Postgres}psql -qAt -c 'select sum(x) from t'"));
        for (var i = 0; i < jails.Count; i++)
        {
            Assert.Equal($"{i} 1\n", Run(jails[i], $"echo $({Postgres}psql -qAt -c 'select sum(x) from t') $(ipcs -m | grep -c postgres)"));
        }

        jails.ForEach(jail => jail.Dispose());
    }

    [Fact]
    public void CH5_a_name_server_serves_from_its_own_root()
    {
        HostTool.Require("dig", "bind9-dnsutils");
        Assert.SkipUnless(File.Exists("/usr/sbin/named") || Environment.GetEnvironmentVariable("CI") == "true", "named is missing: install the package bind9");
        Assert.Equal("192.0.2.7 /c 1000\n", Run("""
            exec 2>/dev/null; PATH=/usr/sbin:/usr/bin:/sbin:/bin
            mkdir -p /c/etc/bind /c/var/cache/bind /c/run /c/dev /etc/bind
            mknod -m 666 /c/dev/null c 1 3; mknod -m 666 /c/dev/urandom c 1 9
            cat >/c/etc/named.conf <<.
            options { directory "/var/cache/bind"; listen-on port 53 { 127.0.0.1; }; listen-on-v6 { none; }; pid-file "/run/named.pid"; recursion no; session-keyfile none; dnssec-validation no; };
            controls { };
            zone "example.org" { type primary; file "/etc/bind/zone"; };
            .
            printf '$TTL 60\n@ IN SOA ns.example.org. x.example.org. 1 60 60 60 60\n@ IN NS ns.example.org.\nns IN A 127.0.0.1\nwww IN A 192.0.2.7\n' >/c/etc/bind/zone
            chown -R 1000 /c/var /c/run; echo 'u:x:1000:1000::/:/bin/sh' >>/etc/passwd
            named -c /etc/named.conf -t /c -u u -f -n 1 & server=$!
            for i in $(seq 600); do answer=$(dig +short +time=1 +tries=1 @127.0.0.1 www.example.org | grep '^[0-9.]*$') && break; sleep 0.1; done
            echo $answer $(readlink /proc/$server/root) $(stat -c %u /proc/$server); kill $server
            """));
    }

    [Fact]
    public void CH5_files_are_put_where_the_root_of_their_server_is()
    {
        HostTool.Require("sftp", "openssh-client");
        Assert.SkipUnless(File.Exists("/usr/sbin/sshd") || Environment.GetEnvironmentVariable("CI") == "true", "sshd is missing: install the package openssh-server");
        Assert.Equal("data /upload\n", Run("""
            exec 2>/dev/null
            rm -f /etc/shadow; echo 'root:*:19000:0:99999:7:::' >/etc/shadow; grep -q ^sshd: /etc/passwd || echo 'sshd:x:74:65534::/run/sshd:/bin/false' >>/etc/passwd
            mkdir -p /run/sshd /root/.ssh /s/upload; chmod 700 /root/.ssh
            ssh-keygen -q -t ed25519 -N '' -f /tmp/host; ssh-keygen -q -t ed25519 -N '' -f /tmp/key; cp /tmp/key.pub /root/.ssh/authorized_keys
            printf '%s\n' 'Port 2222' 'ListenAddress 127.0.0.1' 'HostKey /tmp/host' 'UsePAM no' 'PermitRootLogin yes' 'Subsystem sftp internal-sftp' \
                'ChrootDirectory /s' 'ForceCommand internal-sftp' 'PidFile none' 'StrictModes no' >/tmp/sshd_config
            /usr/sbin/sshd -D -f /tmp/sshd_config & server=$!
            echo data >/tmp/file
            for i in $(seq 600); do
                shown=$(printf 'put /tmp/file /upload/got\nls -1 /\n' | sftp -q -b - -P 2222 -i /tmp/key -o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR root@127.0.0.1) && break
                sleep 0.1
            done
            echo $(cat /s/upload/got) $(echo "$shown" | grep -v '^sftp>'); kill $server
            """));
    }

    [Fact]
    public void CH5_mail_is_taken_in_a_root_of_its_own_and_delivered_outside()
    {
        Assert.SkipUnless(File.Exists("/usr/sbin/postfix") || Environment.GetEnvironmentVariable("CI") == "true", "postfix is missing: install the package postfix");
        Assert.Equal("/queue postfix\nSubject: hello\nbody\n", Run("""
            exec 2>/dev/null; PATH=/usr/sbin:/usr/bin:/sbin:/bin
            mkdir -p /mail /queue/etc /data /var/mail; chmod 755 /mail /queue; chown postfix /data
            cp /etc/postfix/master.cf /etc/postfix/dynamicmaps.cf /mail; cp /etc/services /etc/hosts /queue/etc
            printf '%s\n' 'compatibility_level = 3.6' 'queue_directory = /queue' 'data_directory = /data' 'myhostname = mail.example.org' 'mydestination = example.org' \
                'inet_interfaces = 127.0.0.1' 'inet_protocols = ipv4' 'alias_maps =' 'maillog_file = /var/log/mail' >/mail/main.cf
            grep -q ^u: /etc/passwd || echo 'u:x:1000:1000::/tmp:/bin/sh' >>/etc/passwd
            postfix -c /mail start
            cat >/tmp/send.py <<.
            import os, smtplib, subprocess
            server = smtplib.SMTP("127.0.0.1", 25, timeout=60)
            server.sendmail("a@example.org", ["u@example.org"], "Subject: hello\n\nbody\n")
            pid = subprocess.run(["pgrep", "-x", "smtpd"], capture_output=True, text=True).stdout.strip()
            print(os.readlink(f"/proc/{pid}/root"), subprocess.run(["ps", "-o", "user=", "-p", pid], capture_output=True, text=True).stdout.strip())
            server.quit()
            .
            for i in $(seq 600); do python3 /tmp/send.py && break; sleep 0.1; done
            for i in $(seq 600); do [ -s /var/mail/u ] && break; sleep 0.1; done
            grep -E '^(Subject|body)' /var/mail/u; postfix -c /mail stop
            """));
    }

    private static string Run(string script)
    {
        using var kernel = DragonetKernel.Boot();
        using var jail = kernel.Jails.Create(new JailOptions { Name = "a", Overlay = true });
        return Run(jail, script);
    }

    private static string Run(GuestJail jail, string script)
    {
        using var process = jail.Start(new ProgramOptions { Arguments = ["/bin/sh", "-c", script], Output = GuestStream.Pipe, Error = GuestStream.Null });
        using var output = new StreamReader(process.StandardOutput);
        var text = output.ReadToEnd();
        _ = process.Wait();
        return text;
    }
}
