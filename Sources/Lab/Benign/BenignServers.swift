import Foundation

/// What there is to be visited, on both sides of the gateway, by the real programs.
struct BenignServers {
    let network: BenignNetwork
    let folder: String
    let speed: Double

    /// Hosts that measure and mirror streams: one serves one client at a time.
    static func meter(_ number: Int, at side: Side, _ family: Family) -> Endpoint {
        Endpoint(side: side, number: 6 + number % meters, family: family)
    }
    private static let meters = 4
    /// Addresses of the ends of the tunnel.
    static let tunnel = (near: "10.9.0.2", far: "10.9.0.1")
    private static let sides: [Side] = [.near, .far]
    private static let zones = 60

    /// Writes contents, configurations and keys.
    func prepare() async throws {
        let files = FileManager.default
        for name in ["www", "backup", "tmp"] {
            try files.createDirectory(atPath: "\(folder)/\(name)", withIntermediateDirectories: true)
        }
        // Some servers give up their rights before they write.
        for name in ["backup", "tmp"] {
            try files.setAttributes([.posixPermissions: 0o777], ofItemAtPath: "\(folder)/\(name)")
        }
        for size in SizedFile.sizes {
            try await Command("truncate", ["-s", "\(size)", "\(folder)/www/\(size)"]).output()
        }
        try await keys()
        for side in Self.sides { try write(nginx(side), to: "nginx-\(side.rawValue).conf") }
        try write(Self.sshd(folder), to: "sshd.conf")
        try write(
            """
            use chroot = no
            uid = nobody
            gid = nogroup
            [backup]
                path = \(folder)/backup
                read only = no

            """, to: "rsyncd.conf")
        try write(unbound, to: "unbound.conf")
        try write((0..<2000).map { "h\($0).zone\($0 % Self.zones).example A\n" }.joined(), to: "names.txt")
        try await PeerSwarm.prepare(in: folder)
        try files.createDirectory(
            atPath: "/run/sshd", withIntermediateDirectories: true, attributes: [.posixPermissions: 0o755])
    }

    /// The long-running programs.
    var commands: [Command] {
        Self.sides.flatMap(servers)
            + [
                Command(
                    "unbound", ["-d", "-p", "-c", "\(folder)/unbound.conf"], in: network.namespace(of: .near))
            ]
            + PeerSwarm.commands(in: network, folder: folder) + tunnelEnds
    }

    private func servers(at side: Side) -> [Command] {
        let namespace = network.namespace(of: side)
        let programs: [Command] = [
            Command("nginx", ["-e", "\(folder)/nginx.log", "-c", "\(folder)/nginx-\(side.rawValue).conf"]),
            // In full, because sshd starts itself anew for each connection.
            Command("/usr/sbin/sshd", ["-D", "-e", "-f", "\(folder)/sshd.conf"]),
            Command("rsync", ["--daemon", "--no-detach", "--config=\(folder)/rsyncd.conf"]),
            Command(
                "dnsmasq",
                [
                    "--keep-in-foreground", "--conf-file=/dev/null", "--pid-file=", "--user=nobody",
                    "--no-resolv", "--no-hosts", "--log-facility=-", "--address=/example/198.18.0.9",
                    "--address=/example/2001:db8:1007::2",
                ]),
            Command(
                "chronyd",
                [
                    "-n", "-x", "-f", "/dev/null", "local stratum 2", "allow", "cmdport 0",
                    "bindcmdaddress /",
                    "pidfile \(folder)/tmp/chronyd-\(side.rawValue).pid",
                ]),
            Command(
                "redis-server",
                ["--bind", "0.0.0.0", "::", "--protected-mode", "no", "--save", "", "--dir", "\(folder)/tmp"]),
        ]
        // Bound, since an answer over UDP must come from the address that was asked.
        let meters = (0..<Self.meters).flatMap { number in
            [Family.ipv4, .ipv6].map {
                Command("iperf3", ["-s", "-B", Self.meter(number, at: side, $0).address])
            }
        }
        // Debian's own python, which has Debian's aiosmtpd.
        let mail = ["0.0.0.0", "::"].map {
            Command(
                "/usr/bin/python3",
                ["-m", "aiosmtpd", "-n", "-l", "\($0):25", "-c", "aiosmtpd.handlers.Sink"])
        }
        return (programs + meters + mail).map { command in
            var command = command
            command.namespace = namespace
            command.folder = folder
            return command
        }
    }

    /// Over UDP, with a key both know; `tun` devices exist in the namespace of who makes them.
    private var tunnelEnds: [Command] {
        let ends: [(Side, String, String, Int)] = [
            (.near, Self.tunnel.near, Self.tunnel.far, 2), (.far, Self.tunnel.far, Self.tunnel.near, 2),
        ]
        return ends.map { side, own, other, number in
            let local = Endpoint(side: side, number: number, family: .ipv6).address
            let remote = Endpoint(side: side == .near ? .far : .near, number: number, family: .ipv6).address
            return Command(
                "openvpn",
                [
                    "--dev", "tun", "--proto", "udp6", "--local", local, "--remote", remote, "--port", "1194",
                    "--ifconfig", own, other, "--secret", "\(folder)/tunnel.key", "--cipher", "AES-256-CBC",
                    "--keepalive", "10", "60", "--verb", "1",
                ], in: network.namespace(of: side))
        }
    }

    /// Waits until the last ones to start answer.
    func awaitReady() async throws {
        for side in Self.sides {
            let namespace = network.namespace(of: side)
            for port in [22, 25, 80, 443, 873, 6379] {
                var isOpen = false
                for _ in 0..<100 where !isOpen {
                    isOpen =
                        (try? await Command("nc", ["-z", "-w", "1", "127.0.0.1", "\(port)"], in: namespace)
                            .run()) ?? false
                    if !isOpen { try await Task.sleep(for: .milliseconds(200)) }
                }
                guard isOpen else { throw LabError("no server answers at port \(port) of \(namespace)") }
            }
        }
    }

    private func write(_ text: String, to name: String) throws {
        try text.write(toFile: "\(folder)/\(name)", atomically: false, encoding: .utf8)
    }

    private func keys() async throws {
        let folder = "\(folder)/ssh"
        try FileManager.default.createDirectory(
            atPath: folder, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        for key in ["host_key", "login_key"] {
            try await Command("ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", "\(folder)/\(key)"])
                .output()
        }
        try FileManager.default.moveItem(
            atPath: "\(folder)/login_key.pub", toPath: "\(self.folder)/authorized_keys")
        try await Command(
            "openssl",
            [
                "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                "-days",
                "30", "-subj", "/CN=lab.example", "-keyout", "\(self.folder)/tls.key", "-out",
                "\(self.folder)/tls.pem",
            ]
        ).output()
        try await Command("openvpn", ["--genkey", "secret", "\(self.folder)/tunnel.key"]).output()
    }

    private func nginx(_ side: Side) -> String {
        """
        load_module /usr/lib/nginx/modules/ngx_http_echo_module.so;
        daemon off;
        worker_processes 1;
        pid \(folder)/nginx-\(side.rawValue).pid;
        events { worker_connections 8192; }
        http {
            access_log off;
            keepalive_timeout 60s;
            ssl_certificate \(folder)/tls.pem;
            ssl_certificate_key \(folder)/tls.key;
            client_max_body_size 200m;
            client_body_temp_path \(folder)/tmp;
            server {
                listen 80 backlog=1024;
                listen [::]:80 backlog=1024;
                listen 443 ssl http2 backlog=1024;
                listen [::]:443 ssl http2 backlog=1024;
                root \(folder)/www;
                location /poll { echo_sleep \(25 / speed); echo news; }
                location /api/ { echo \(String(repeating: "x", count: 700)); }
                location /upload { echo_read_request_body; echo done; }
            }
        }

        """
    }

    /// Who comes as `nobody` gets file transfer, who comes as `root` a program that repeats what is typed; both only with
    /// the lab's key, and only inside the lab's namespaces.
    private static func sshd(_ folder: String) -> String {
        """
        HostKey \(folder)/ssh/host_key
        PidFile none
        UsePAM no
        PasswordAuthentication no
        PermitRootLogin prohibit-password
        AuthorizedKeysFile \(folder)/authorized_keys
        StrictModes no
        MaxStartups 100
        Subsystem sftp internal-sftp
        Match User nobody
            ForceCommand internal-sftp
        Match User root
            ForceCommand /bin/cat

        """
    }

    /// A resolver that asks a server of its own for each zone.
    private var unbound: String {
        let address = Endpoint(side: .near, number: 3, family: .ipv4).address
        let outgoing = Endpoint(side: .near, number: 3, family: .ipv6).address
        let zones = (0..<Self.zones).map { zone in
            let family: Family = zone % 3 == 0 ? .ipv6 : .ipv4
            return """
                stub-zone:
                    name: "zone\(zone).example"
                    stub-addr: \(Endpoint(side: .far, number: 100 + zone, family: family).address)

                """
        }
        return """
            server:
                interface: \(address)@5353
                outgoing-interface: \(address)
                outgoing-interface: \(outgoing)
                access-control: 0.0.0.0/0 allow
                chroot: ""
                username: ""
                directory: "\(folder)"
                pidfile: ""
                use-syslog: no
                logfile: "\(folder)/unbound.log"
                module-config: "iterator"
                cache-max-ttl: 5
            remote-control:
                control-enable: no
            \(zones.joined())
            """
    }
}
