import Foundation

/// The programs that the lab runs, and the Debian packages they come in.
package enum Toolbox {
    /// Many of the tools are for administrators, whose folders are not in everyone's path.
    static let path = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

    package static let demo: [(program: String, package: String)] = [
        ("ip", "iproute2"), ("nsenter", "util-linux"), ("sysctl", "procps"), ("ethtool", "ethtool"),
        ("mount", "mount"), ("stdbuf", "coreutils"), ("nginx", "nginx-light"), ("sshd", "openssh-server"),
        ("dnsmasq", "dnsmasq-base"), ("curl", "curl"), ("dnsperf", "dnsperf"), ("sftp", "openssh-client"),
        ("ssh-keygen", "openssh-client"), ("nmap", "nmap"), ("hping3", "hping3"), ("trafgen", "netsniff-ng"),
        ("hydra", "hydra"),
    ]

    package static let benign: [(program: String, package: String)] = [
        ("ip", "iproute2"), ("nsenter", "util-linux"), ("sysctl", "procps"), ("ethtool", "ethtool"),
        ("tc", "iproute2"), ("nft", "nftables"), ("nginx", "nginx-light"), ("sshd", "openssh-server"),
        ("ssh", "openssh-client"), ("dnsmasq", "dnsmasq-base"), ("unbound", "unbound"),
        ("dnsperf", "dnsperf"), ("dig", "bind9-dnsutils"), ("curl", "curl"), ("wget", "wget"),
        ("chronyd", "chrony"), ("redis-server", "redis-server"), ("redis-cli", "redis-tools"),
        ("swaks", "swaks"), ("rsync", "rsync"), ("fping", "fping"), ("nc", "netcat-openbsd"),
        ("iperf3", "iperf3"), ("openvpn", "openvpn"), ("aria2c", "aria2"), ("opentracker", "opentracker"),
        ("tcpdump", "tcpdump"), ("openssl", "openssl"),
    ]

    /// - Throws: `LabError` that names what is missing and the command that installs it.
    package static func check(_ tools: [(program: String, package: String)]) throws {
        let folders = path.split(separator: ":")
        let missing = tools.filter { tool in
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
