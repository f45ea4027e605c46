/// Long and heavy streams: calls, speed tests, tunnels, peers.
extension Activity {
    /// A call: voice, or voice and picture, both ways over UDP.
    static let conversations = single("voice and video calls") { scene in
        let client = scene.client()
        let server = BenignServers.meter(client.number, at: scene.servers, client.family)
        let isVideo = scene.draw.chance(0.4)
        return Errand(
            client: client.address, server: server.address,
            steps: [
                .run(
                    scene.iperf(
                        client, server, seconds: Int(scene.draw.pareto(20, 0.9, most: 400)),
                        isVideo
                            ? ["-u", "--bidir", "-b", "1200K", "-l", "900"]
                            : ["-u", "--bidir", "-b", "80K", "-l", "160"]))
            ])
    }

    /// Down, then up, with several connections.
    static let speedTest = single("speed test") { scene in
        let client = scene.client()
        let server = BenignServers.meter(client.number, at: scene.servers, client.family)
        let parallel = ["-P", "\(scene.draw.element(of: [1, 4, 8]))"]
        return Errand(
            client: client.address, server: server.address,
            steps: [
                .run(scene.iperf(client, server, seconds: 6, parallel + ["-R", "-b", "8M"])),
                .run(scene.iperf(client, server, seconds: 6, parallel + ["-b", "4M"])),
            ])
    }

    /// What goes through the tunnel to the other office.
    static let tunnel = single("VPN") { scene in
        let size = scene.draw.pareto(20_000, 0.9, most: 20_000_000)
        return Errand(
            client: Endpoint(side: .near, number: 2, family: .ipv4).address,
            server: Endpoint(side: .far, number: 2, family: .ipv4).address,
            steps: [
                .run(
                    scene.command(
                        "curl",
                        [
                            "--silent", "-o", "/dev/null", "--max-time", "60", "--limit-rate", "1500K",
                            "http://\(BenignServers.tunnel.far)/\(SizedFile.name(size))",
                        ]))
            ])
    }

    /// Shares a file with many peers, found by the tracker.
    static let peers = single("BitTorrent") { scene in
        let client = scene.client(.ipv4)
        let folder = "\(scene.folder)/peers/\(client.address)-\(scene.draw.seed())"
        return Errand(
            client: client.address, server: "*",
            steps: [
                .run(
                    scene.command(
                        "sh",
                        [
                            "-c",
                            "\(PeerSwarm.command(at: client, folder: folder, torrent: "\(scene.folder)/lab.torrent")) --seed-time=0 "
                                + "--max-download-limit=1500K; rm -rf \(folder)",
                        ]))
            ])
    }
}

extension Scene {
    fileprivate func iperf(_ client: Endpoint, _ server: Endpoint, seconds: Int, _ options: [String])
        -> Command
    {
        command(
            "iperf3",
            ["-c", server.address, "-B", client.address, "-t", "\(seconds)", "--connect-timeout", "5000"]
                + options)
    }
}
