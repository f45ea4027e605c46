/// Far peers that share a file, and the tracker that knows them.
struct PeerSwarm {
    static let peers = (0..<12).map { Endpoint(side: .far, number: 2000 + $0, family: .ipv4) }
    static let tracker = Endpoint(side: .far, number: 1999, family: .ipv4)
    static let trackerPort = 6969
    private static let pieceLength = 262_144
    private static let pieces = 60

    /// A peer that offers what it has and fetches what it lacks.
    static func command(at peer: Endpoint, folder: String, torrent: String) -> String {
        "aria2c -q --dir=\(folder) --interface=\(peer.address) --listen-port=6881-6999 --enable-dht=false "
            + "--file-allocation=none --bt-max-peers=30 --max-upload-limit=200K --no-conf --enable-mmap=false "
            + "--console-log-level=error --bt-enable-lpd=false \(torrent)"
    }

    /// Writes file and torrent (BEP 3), and what the tracker lets through.
    ///
    /// The file holds zeros, so that all pieces have the same hash.
    static func prepare(in folder: String) async throws {
        let script = """
            set -e
            mkdir -p seed peers
            truncate -s \(pieces * pieceLength) seed/film
            hash=$(head -c \(pieceLength) /dev/zero | sha1sum | cut -d' ' -f1 | sed 's/../\\\\x&/g')
            { printf 'd6:lengthi\(pieces * pieceLength)e4:name4:film12:piece lengthi\(pieceLength)e6:pieces\(pieces * 20):'
              for i in $(seq \(pieces)); do printf "$hash"; done; printf e; } >info
            announce=http://\(tracker.address):\(trackerPort)/announce
            { printf 'd8:announce%d:%s4:info' ${#announce} $announce; cat info; printf e; } >lab.torrent
            sha1sum info | cut -d' ' -f1 >torrents
            """
        var command = Command("bash", ["-c", script])
        command.folder = folder
        try await command.output()
    }

    static func commands(in network: BenignNetwork, folder: String) -> [Command] {
        let namespace = network.namespace(of: .far)
        var commands = [
            Command(
                "opentracker",
                [
                    "-i", tracker.address, "-p", "\(trackerPort)", "-P", "\(trackerPort)", "-d", folder,
                    // Looked up after it has shut itself up in the folder.
                    "-w", "torrents",
                ], in: namespace)
        ]
        commands += peers.map { peer in
            Command(
                "sh",
                [
                    "-c",
                    "exec \(command(at: peer, folder: "\(folder)/seed", torrent: "\(folder)/lab.torrent")) --seed-ratio=0 --check-integrity=true",
                ], in: namespace)
        }
        return commands
    }
}
