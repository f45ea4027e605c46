import Foundation

/// The programs that the lab runs, and the Debian packages they come in.
package enum Toolbox {
    /// Many of the tools are for administrators, whose folders are not in everyone's path.
    static let path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

    package static let packages: [(program: String, package: String)] = [
        ("ip", "iproute2"), ("nsenter", "util-linux"), ("sysctl", "procps"), ("ethtool", "ethtool"),
        ("mount", "mount"), ("stdbuf", "coreutils"), ("nginx", "nginx-light"), ("sshd", "openssh-server"),
        ("dnsmasq", "dnsmasq-base"), ("curl", "curl"), ("dnsperf", "dnsperf"), ("sftp", "openssh-client"),
        ("ssh-keygen", "openssh-client"), ("nmap", "nmap"), ("hping3", "hping3"), ("trafgen", "netsniff-ng"),
        ("hydra", "hydra"),
    ]

    /// - Throws: `LabError` that names what is missing and the command that installs it.
    package static func check() throws {
        let folders = path.split(separator: ":")
        let missing = packages.filter { tool in
            !folders.contains { FileManager.default.isExecutableFile(atPath: "\($0)/\(tool.program)") }
        }
        guard missing.isEmpty else {
            throw LabError(
                """
                the lab needs \(missing.map(\.program).joined(separator: ", ")): \
                apt-get install \(Set(missing.map(\.package)).sorted().joined(separator: " "))
                """)
        }
    }
}
