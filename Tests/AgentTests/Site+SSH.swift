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
        // The path is in full because sshd starts itself anew for each connection. It closes what it inherits, which Foundation
        // takes for its end and then waits for that in vain, so a shell stands in for it, without which it does not live.
        let server = try site.start(
            ["sh", "-c", "setpriv --pdeathsig KILL \"$@\"; :", "sh"]
                + ["/usr/sbin/sshd", "-D", "-e", "-f", "/dev/null", "-h", "\(folder)/host_key"]
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
}
