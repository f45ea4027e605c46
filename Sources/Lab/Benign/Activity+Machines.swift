/// What machines do by themselves: names, clocks, mail, databases, probes, telemetry.
extension Activity {
    /// A resolver's queries, to the authoritative servers of many domains.
    static let resolver = single("resolver") { scene in
        let client = scene.client()
        let server = scene.server(for: client)
        return Errand(
            client: client.address, server: server.address,
            steps: [
                .run(
                    scene.command(
                        "dnsperf",
                        [
                            "-c", "1", "-q", "20", "-t", "2", "-l", "\(scene.draw.number(5...30))",
                            "-Q", "\(max(1, Int(Double(scene.draw.number(1...12)) * scene.speed)))",
                            "-s", server.address, "-a", client.address, "-d", "\(scene.folder)/names.txt",
                        ]))
            ])
    }

    /// Names that nobody has asked for lately, asked of the site's resolver, which asks around.
    static let lookups = single("lookups") { scene in
        let resolver = Endpoint(side: .near, number: 3, family: .ipv4)
        let names = (0..<scene.draw.number(1...12)).flatMap { _ in
            ["h\(scene.draw.number(1...9999)).zone\(scene.draw.popular(of: 60)).example", "A"]
        }
        return Errand(
            client: resolver.address, server: "*",
            steps: [
                .run(
                    scene.command(
                        "dig",
                        ["+tries=1", "+timeout=3", "+noall", "@\(resolver.address)", "-p", "5353"] + names))
            ])
    }

    static let clocks = single("NTP") { scene in
        let client = scene.client()
        let server = scene.server(for: client)
        return Errand(
            client: client.address, server: server.address,
            steps: [
                .run(
                    scene.command(
                        "chronyd",
                        [
                            // Prints what it would do to the clock, and does nothing.
                            "-Q", "-t", "20", "-f", "/dev/null",
                            "server \(server.address) iburst maxsamples \(scene.draw.number(1...4))",
                            "bindacqaddress \(client.address)", "cmdport 0", "bindcmdaddress /",
                            "pidfile \(scene.folder)/tmp/\(scene.draw.seed()).pid",
                        ]))
            ])
    }

    static let mail = single("mail") { scene in
        let client = scene.client()
        let server = scene.server(for: client)
        let body = SizedFile.name(scene.draw.pareto(3_000, 1.0, most: 5_000_000))
        return Errand(
            client: client.address, server: server.address,
            steps: [
                .run(
                    scene.command(
                        "swaks",
                        [
                            "--silent", "3", "--server", server.address, "--local-interface", client.address,
                            "--from", "a@lab.example", "--to", "b@lab.example", "--timeout", "20",
                            "--attach", "@\(scene.folder)/www/\(body)",
                        ]))
            ])
    }

    /// An application server that asks its database, now steadily, now in a burst.
    static let database = single("database") { scene in
        let client = Endpoint(side: scene.clients, number: 0, family: .ipv4)
        let server = scene.server(for: client)
        let arguments =
            scene.draw.chance(0.7)
            ? [
                "redis-cli", "-r", "\(Int(scene.draw.pareto(50, 0.9, most: 2000)))", "-i",
                "\(scene.seconds(scene.draw.real(0.02...0.5)))", "SET", "key",
                "\(scene.draw.number(0...9999))",
            ]
            : [
                "redis-benchmark", "-q", "-t", "set,get", "-c", "\(scene.draw.number(2...20))", "-n",
                "\(scene.draw.number(200...3000))", "-d", "\(scene.draw.number(10...2000))",
            ]
        return Errand(
            client: client.address, server: server.address,
            steps: [.run(scene.command(arguments[0], ["-h", server.address] + arguments.dropFirst()))])
    }

    /// A monitor that asks each of its hosts whether it is alive and each service whether it answers; some are down.
    static let monitor = single("monitoring") { scene in
        let family: Family =
            scene.servers == .near && scene.network.neighbourhood.isTranslated ? .ipv6 : .ipv4
        let client = Endpoint(side: scene.clients, number: 990, family: family)
        let hosts = (0..<24).map { number in
            scene.servers == .far && number % 8 == 7
                ? Endpoint.dead(number, family)
                : Endpoint(side: scene.servers, number: number, family: family).address
        }
        let probes = hosts.flatMap { host in
            [22, 25, 80, 443].map { "nc -z -w 2 -s \(client.address) \(host) \($0)" }
        }
        return Errand(
            client: client.address, server: "*",
            steps: [
                .run(
                    scene.command(
                        "fping",
                        [family == .ipv4 ? "-4" : "-6", "-S", client.address, "-q", "-c", "2", "-p", "500"]
                            + hosts)),
                .run(scene.command("sh", ["-c", probes.joined(separator: "\n")])),
            ])
    }

    /// A device that tells its maker how it is, always in the same way.
    static let telemetry = Activity("telemetry") { scene in
        let client = scene.client()
        let server = scene.server(for: client)
        let period = Double(scene.draw.element(of: [10, 15, 30, 60]))
        let report = scene.curl(
            client, ["--data-binary", "@\(scene.folder)/www/\(SizedFile.name(600))", "--max-time", "10"],
            ["https://\(server.host)/upload"])
        return [
            Errand(
                client: client.address, server: server.address,
                steps: (0..<scene.draw.number(20...60)).flatMap { _ in [.run(report), .pause(period)] })
        ]
    }

    static let pings = single("pings") { scene in
        let client = scene.client()
        let server = scene.server(for: client)
        return Errand(
            client: client.address, server: server.address,
            steps: [
                .run(
                    scene.command(
                        "fping",
                        [
                            client.family == .ipv4 ? "-4" : "-6", "-S", client.address, "-q", "-c",
                            "\(scene.draw.number(3...60))", "-p", "1000", server.address,
                        ]))
            ])
    }
}
