import Foundation
import TestSupport
import Testing
import Traffic

/// sshd on one of a site's hosts, and the key that opens it.
struct SSHServer {
    private let site: Site
    private var key: String { site.folder.appending(path: "login_key").path }

    /// Starts it, for both families; nobody can log in with a password, so that guessing is real and in vain.
    init(_ site: Site, in namespace: String) async throws {
        self.site = site
        let folder = site.folder.path
        for name in ["host_key", "login_key"] {
            let made = try await site.run([
                "ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", "\(folder)/\(name)",
            ])
            try #require(made.status == 0, "\(made.error)")
        }
        // Where Debian's sshd wants to lock itself up; a service that was never started has not made it.
        try FileManager.default.createDirectory(
            atPath: "/run/sshd", withIntermediateDirectories: true, attributes: [.posixPermissions: 0o755])
        // The path is in full because sshd starts itself anew for each connection.
        let server = try site.start(
            ["/usr/sbin/sshd", "-D", "-e", "-f", "/dev/null", "-h", "\(folder)/host_key"]
                + [
                    "PidFile=none", "UsePAM=no", "PasswordAuthentication=yes",
                    "PermitRootLogin=prohibit-password", "AuthorizedKeysFile=\(folder)/login_key.pub",
                    "StrictModes=no", "MaxStartups=100",
                ].flatMap { ["-o", $0] }, in: namespace)
        let listens = try await eventually {
            try await site.run(["nc", "-z", "-w", "1", "127.0.0.1", "22"], in: namespace).status == 0
        }
        try #require(listens, "no sshd: \(server.text)")
    }

    /// The words of a client that asks nothing of anybody, and notices within seconds that it is cut off.
    var client: [String] {
        ["ssh", "-F", "none", "-i", key]
            + [
                "BatchMode=yes", "StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "LogLevel=ERROR",
                "ConnectTimeout=5", "ServerAliveInterval=1", "ServerAliveCountMax=5",
            ].flatMap { ["-o", $0] }
    }

    /// Opens a session from a host.
    func session(to host: Address, from namespace: String) throws -> SSHSession {
        try SSHSession(site, client + ["root@\(host)", "cat"], in: namespace)
    }

    /// Guesses passwords from a host, a minute at most.
    func guess(at host: Address, from namespace: String) throws -> Program {
        let words = site.folder.appending(path: "passwords").path
        try (1...1000).map { "\($0)\n" }.joined().write(toFile: words, atomically: true, encoding: .utf8)
        let target = "ssh://\(host.isIPv4 ? "\(host)" : "[\(host)]")"
        // It leaves a file where it is started.
        let guess = "exec timeout 60 hydra -I -t 4 -w 1 -l admin -P \(words) \(target)"
        return try site.start(["sh", "-c", "cd \(site.folder.path) && \(guess)"], in: namespace)
    }
}

/// An operator's session: what is typed, ten lines a second, comes back.
struct SSHSession {
    private let program: Program
    private let end: URL

    fileprivate init(_ site: Site, _ words: [String], in namespace: String) throws {
        end = site.folder.appending(path: "\(UUID().uuidString).end")
        let typing = "i=0; until [ -e \(end.path) ] || [ $i = 1500 ]; do i=$((i+1)); echo $i; sleep 0.1; done"
        program = try site.start(
            ["sh", "-c", "(\(typing)) | \(words.joined(separator: " "))"], in: namespace)
    }

    /// Lines that came back so far.
    var echoes: Int { program.text.count { $0 == "\n" } }

    /// Whether it still answers: ten more lines come back.
    func answers() async -> Bool {
        let before = echoes
        return await eventually { echoes >= before + 10 }
    }

    /// Logs out, and returns whether all that was typed came back.
    func logOut() async throws -> Bool {
        try Data().write(to: end)
        let outcome = try await program.ended()
        let lines = outcome.output.split(separator: "\n")
        return outcome.status == 0 && !lines.isEmpty
            && lines.map(String.init) == (1...lines.count).map(String.init)
    }
}
