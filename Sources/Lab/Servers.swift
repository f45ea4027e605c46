import Foundation

/// What the lab's server offers, by the real programs: HTTP, SSH and DNS over both families.
struct Servers {
    let site: Site

    /// Name under which the DNS server knows hosts.
    static let domain = "lab.example"

    /// Sizes of the pages, in bytes, with the share of requests in percent that gets each.
    private static let pages: [(name: String, size: Int, share: String)] = [
        ("small", 900, "60%"), ("medium", 12_000, "30%"), ("large", 60_000, "*"),
    ]

    private var folder: String { site.folder }
    private var keys: String { "\(folder)/ssh" }

    /// A session of file transfer over SSH, opened with a key and closed again.
    func login(_ family: Family, from namespace: String) -> Command {
        Command(
            "sftp",
            [
                "-q", "-b", "/dev/null", "-F", "none", "-i", "\(keys)/login_key", "-o", "BatchMode=yes",
                "-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o",
                "LogLevel=ERROR",
                "-o", "ConnectTimeout=3", "nobody@\(Topology.serverInURL(family))",
            ], in: namespace)
    }

    /// Writes contents, configurations and keys.
    func prepare() async throws {
        let files = FileManager.default
        let web = "\(folder)/www"
        try files.createDirectory(atPath: web, withIntermediateDirectories: true)
        for page in Self.pages + [("archive", 1_000_000, "")] {
            try String(repeating: "x", count: page.size).write(
                toFile: "\(web)/\(page.name)", atomically: false, encoding: .utf8)
        }
        try nginxConfiguration(web: web).write(
            toFile: "\(folder)/nginx.conf", atomically: false, encoding: .utf8)

        try files.createDirectory(
            atPath: keys, withIntermediateDirectories: true, attributes: [.posixPermissions: 0o700])
        for key in ["host_key", "login_key"] {
            try await Command(
                "ssh-keygen", ["-q", "-t", "ed25519", "-N", "", "-f", "\(keys)/\(key)"]
            ).output()
        }
        // sshd reads it as the user who logs in, for whom the folder of the keys is closed.
        try files.moveItem(atPath: "\(keys)/login_key.pub", toPath: "\(folder)/authorized_keys")
        // Where Debian's sshd wants to lock itself up; a service that was never started has not made it.
        try files.createDirectory(
            atPath: "/run/sshd", withIntermediateDirectories: true, attributes: [.posixPermissions: 0o755])
    }

    /// The long-running programs.
    var commands: [Command] {
        let lan = site.topology.lan
        return [
            Command(
                "nginx", ["-e", "\(folder)/nginx.log", "-c", "\(folder)/nginx.conf"], in: lan),
            // `nobody` can log in with the lab's key, for file transfer only, and nobody with a password: guessing is
            // real, and cannot succeed. The path is in full because sshd starts itself anew for each connection.
            Command(
                "/usr/sbin/sshd",
                ["-D", "-e", "-f", "/dev/null", "-h", "\(keys)/host_key"]
                    + [
                        "PidFile=none", "UsePAM=no", "PasswordAuthentication=yes", "PermitRootLogin=no",
                        "AuthorizedKeysFile=\(folder)/authorized_keys", "StrictModes=no", "AllowUsers=nobody",
                        "Subsystem=sftp internal-sftp", "ForceCommand=internal-sftp", "MaxStartups=100",
                    ].flatMap { ["-o", $0] }, in: lan),
            Command(
                "dnsmasq",
                [
                    "--keep-in-foreground", "--conf-file=/dev/null", "--pid-file=", "--user=nobody",
                    "--no-resolv",
                    "--no-hosts", "--log-facility=-", "--address=/\(Self.domain)/\(Topology.server(.ipv4))",
                    "--address=/\(Self.domain)/\(Topology.server(.ipv6))",
                ], in: lan),
        ]
    }

    /// Waits until each of them answers.
    func awaitReady() async throws {
        let lan = site.topology.lan
        let questions = [Family.ipv4, .ipv6].flatMap { family in
            [
                Command(
                    "curl", ["-s", "-f", "-o", "/dev/null", "http://\(Topology.serverInURL(family))/1"],
                    in: lan),
                login(family, from: lan),
                Command(
                    "dnsperf",
                    [
                        "-n", "1", "-t", "1", "-s", Topology.server(family), "-d",
                        "\(folder)/\(Session.namesFile)",
                    ], in: lan),
            ]
        }
        for question in questions {
            var answer = ""
            for _ in 0..<50 where answer != "yes" {
                var words: [String] = []
                answer = try await question.run { words.append($0) } ? "yes" : words.joined(separator: "\n")
                if answer != "yes" { try await Task.sleep(for: .milliseconds(100)) }
            }
            guard answer == "yes" else {
                throw LabError("a server does not answer '\(question.text)': \(answer)")
            }
        }
    }

    private func nginxConfiguration(web: String) -> String {
        """
        daemon off;
        worker_processes 1;
        pid \(folder)/nginx.pid;
        events { worker_connections 4096; }
        http {
            access_log off;
            split_clients "$request_uri" $page { \(Self.pages.map { "\($0.share) /\($0.name);" }.joined(separator: " ")) }
            server {
                listen \(Topology.serverInURL(.ipv4)):80;
                listen \(Topology.serverInURL(.ipv6)):80;
                root \(web);
                location / { try_files $page =404; }
                location = /archive { }
            }
        }

        """
    }
}
