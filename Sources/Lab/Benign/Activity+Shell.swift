/// Shells, file transfer and backup.
extension Activity {
    /// Somebody who types in a shell: a key stroke at a time, now and then a pause to think.
    static let shell = single("SSH session") { scene in
        let client = scene.client()
        let server = scene.server(for: client)
        var script = ""
        for _ in 0..<Int(scene.draw.pareto(30, 0.8, most: 600)) {
            let pause = scene.seconds(
                scene.draw.chance(0.1) ? scene.draw.pareto(1, 1, most: 60) : scene.draw.real(0.05...0.6))
            script +=
                "sleep \(pause); echo \(scene.draw.chance(0.1) ? String(repeating: "x", count: 800) : "y")\n"
        }
        return Errand(
            client: client.address, server: server.address,
            steps: [
                .run(
                    scene.command(
                        "sh",
                        [
                            "-c",
                            "{ \(script) } | ssh -b \(client.address) \(scene.login) root@\(server.address)",
                        ]))
            ])
    }

    /// Some files fetched and some put.
    static let fileTransfer = single("SFTP session") { scene in
        let client = scene.client()
        let server = scene.server(for: client)
        var script = "cd \(scene.folder)/www\n"
        for _ in 0..<scene.draw.number(1...8) {
            let name = SizedFile.name(scene.draw.pareto(5_000, 0.9, most: 10_000_000))
            script +=
                scene.draw.chance(0.6)
                ? "get \(name) /dev/null\n" : "put \(scene.folder)/www/\(name) /dev/null\n"
            script += "!sleep \(scene.seconds(scene.draw.pareto(0.5, 1, most: 40)))\n"
        }
        return Errand(
            client: client.address, server: server.address,
            steps: [
                .run(
                    scene.command(
                        "sh",
                        [
                            "-c",
                            "printf '%s' '\(script)' | sftp -q -l 16000 -b - -o BindAddress=\(client.address) "
                                + "\(scene.login) nobody@\(server.host)",
                        ]))
            ])
    }

    /// Automation: a short command on one machine after the other.
    static let fleet = single("SSH to a fleet") { scene in
        let client = scene.client()
        let count = scene.draw.number(3...15)
        let servers = (0..<count).map { _ in scene.server(for: client) }
        return Errand(
            client: client.address, server: "*",
            steps: servers.flatMap { server -> [Errand.Step] in
                [
                    .run(
                        scene.command(
                            "sh",
                            [
                                "-c",
                                "echo uptime | ssh -b \(client.address) \(scene.login) root@\(server.address)",
                            ])),
                    .pause(scene.draw.exponential(mean: 2)),
                ]
            })
    }

    /// A nightly backup, towards the server.
    static let backup = single("backup") { scene in
        let client = scene.client()
        let server = scene.server(for: client)
        let files = (0..<scene.draw.number(10...80)).map { _ in
            "\(scene.folder)/www/\(SizedFile.name(scene.draw.pareto(2_000, 0.7, most: 15_000_000)))"
        }
        return Errand(
            client: client.address, server: server.address,
            steps: [
                .run(
                    scene.command(
                        "rsync",
                        ["--whole-file", "--ignore-times", "--inplace", "--timeout=20", "--bwlimit=3000"]
                            + ["--address=\(client.address)"] + Set(files).sorted()
                            + ["rsync://\(server.host)/backup/"]))
            ])
    }
}

extension Scene {
    /// Options with which the lab's key opens its servers.
    fileprivate var login: String {
        "-F none -i \(folder)/ssh/login_key -o BatchMode=yes -o StrictHostKeyChecking=no "
            + "-o UserKnownHostsFile=/dev/null -o LogLevel=ERROR -o ConnectTimeout=5"
    }
}
