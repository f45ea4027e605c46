/// The web: pages of many objects, downloads, videos, long polls, crawlers, calls of an interface, flash crowds.
extension Activity {
    /// Some pages of some sites, with time to read between them.
    static let browsing = single("browsing") { scene in
        let client = scene.client()
        let server = scene.server(for: client)
        var steps: [Errand.Step] = []
        for _ in 0..<Int(scene.draw.pareto(1, 1.1, most: 25)) {
            steps.append(.run(page(of: server, for: client, in: &scene)))
            steps.append(.pause(scene.draw.pareto(2, 1.4, most: 180)))
        }
        return Errand(client: client.address, server: server.address, steps: steps)
    }

    /// A page with its objects, from its own server and from others.
    private static func page(of server: Endpoint, for client: Endpoint, in scene: inout Scene) -> Command {
        let scheme = scene.draw.chance(0.75) ? "https" : "http"
        let others = (0..<scene.draw.number(0...4)).map { _ in scene.server(for: client) }
        var urls = [
            "\(scheme)://\(server.host)/\(SizedFile.name(scene.draw.pareto(8_000, 1.3, most: 200_000)))"
        ]
        for _ in 0..<Int(scene.draw.pareto(1, 0.9, most: 60)) {
            let host =
                scene.draw.chance(0.6) ? server : ([server] + others)[scene.draw.number(0...others.count)]
            urls.append(
                "\(scheme)://\(host.host)/\(SizedFile.name(scene.draw.pareto(800, 1.1, most: 2_000_000)))")
        }
        // Now and then a part of a page is hosted by somebody who is gone.
        if scene.servers == .far, scene.draw.chance(0.03) {
            urls.append(
                "http://"
                    + (client.family == .ipv4 ? Endpoint.dead(7, .ipv4) : "[\(Endpoint.dead(7, .ipv6))]"))
        }
        return scene.curl(
            client, ["--parallel", "--parallel-max", "6", "--connect-timeout", "5", "--max-time", "30"], urls)
    }

    static let downloads = single("downloads") { scene in
        let client = scene.client()
        let server = scene.server(for: client)
        let size = scene.draw.pareto(1_000_000, 1.1, most: 100_000_000)
        let rate = scene.draw.number(500...4000)
        return Errand(
            client: client.address, server: server.address,
            steps: [
                .run(
                    scene.curl(
                        client, ["--limit-rate", "\(rate)K", "--max-time", "120"],
                        ["https://\(server.host)/\(SizedFile.name(size))"]))
            ])
    }

    /// Uploads of photos and documents.
    static let uploads = single("uploads") { scene in
        let client = scene.client()
        let server = scene.server(for: client)
        let file = SizedFile.name(scene.draw.pareto(50_000, 1.1, most: 30_000_000))
        return Errand(
            client: client.address, server: server.address,
            steps: [
                .run(
                    scene.curl(
                        client,
                        [
                            "--limit-rate", "\(scene.draw.number(200...2000))K", "--max-time", "120",
                            "--data-binary", "@\(scene.folder)/www/\(file)",
                        ],
                        ["https://\(server.host)/upload"]))
            ])
    }

    /// A piece of a film every few seconds, by byte ranges, on one connection.
    static let video = single("video") { scene in
        let client = scene.client()
        let server = scene.server(for: client)
        let pieces = Int(scene.draw.pareto(10, 1.0, most: 120))
        let rate = scene.draw.number(300...1200) * 1000
        return Errand(
            client: client.address, server: server.address,
            steps: [
                .run(
                    scene.curl(
                        client,
                        ["--range", "0-\(rate)", "--rate", scene.perMinute(15), "--limit-rate", "6M"],
                        ["https://\(server.host)/\(SizedFile.name(100_000_000))?[1-\(pieces)]"]))
            ])
    }

    /// Requests that the server answers when there is news.
    static let polls = single("long polls") { scene in
        let client = scene.client()
        let server = scene.server(for: client)
        return Errand(
            client: client.address, server: server.address,
            steps: [
                .run(
                    scene.curl(
                        client, ["--max-time", "90"],
                        ["https://\(server.host)/poll?[1-\(scene.draw.number(5...30))]"]))
            ])
    }

    /// Calls of a programming interface by an application, on one connection or on a new one each.
    static let calls = single("interface calls") { scene in
        let client = scene.client()
        let server = scene.server(for: client)
        let count = Int(scene.draw.pareto(20, 0.9, most: 600))
        let pace = scene.perMinute(Double(scene.draw.number(60...400)))
        let connection = scene.draw.chance(0.5) ? ["-H", "Connection: close", "--http1.1"] : []
        return Errand(
            client: client.address, server: server.address,
            steps: [
                .run(
                    scene.curl(
                        client, connection + ["--rate", pace], ["https://\(server.host)/api/[1-\(count)]"]))
            ])
    }

    /// Somebody who reads the whole site, page by page.
    static let crawler = single("crawler") { scene in
        let client = scene.client()
        let server = scene.server(for: client)
        return Errand(
            client: client.address, server: server.address,
            steps: [
                .run(
                    scene.curl(
                        client,
                        [
                            "--rate", scene.perMinute(Double(scene.draw.number(30...240))), "-H",
                            "Connection: close",
                        ],
                        ["http://\(server.host)/\(SizedFile.name(20_000))?[1-\(scene.draw.number(50...400))]"]
                    ))
            ])
    }

    /// A link on a much read page: a hundred strangers within a minute.
    static let flashCrowd = Activity("flash crowd") { scene in
        let family: Family =
            scene.clients == .crowd || !scene.network.neighbourhood.isTranslated ? .ipv4 : .ipv6
        let server = scene.server(for: scene.client(family))
        return (0..<scene.draw.number(60...160)).map { _ in
            let client = scene.client(scene.draw.chance(0.65) ? family : .ipv6)
            let target = Endpoint(side: server.side, number: server.number, family: client.family)
            var errand = Errand(client: client.address, server: target.address, steps: [])
            errand.delay = scene.draw.exponential(mean: 25)
            errand.steps = [.run(page(of: target, for: client, in: &scene))]
            return errand
        }
    }

    /// Lists and packages from one mirror, as a package manager fetches them.
    static let updates = single("software updates") { scene in
        let client = scene.client()
        let mirror = Endpoint(
            side: scene.servers, number: scene.servers == .far ? 5 : 1, family: client.family)
        let sizes =
            [200_000.0, 8_000_000]
            + (0..<scene.draw.number(0...30)).map { _ in
                scene.draw.pareto(20_000, 0.9, most: 40_000_000)
            }
        return Errand(
            client: client.address, server: mirror.address,
            steps: [
                .run(
                    scene.command(
                        "wget",
                        [
                            "-q", "-O", "/dev/null", "--tries=1", "--timeout=20", "--limit-rate=4m",
                            "--bind-address=\(client.address)",
                        ] + sizes.map { "http://\(mirror.host)/\(SizedFile.name($0))" }))
            ])
    }
}

extension Scene {
    func curl(_ client: Endpoint, _ options: [String], _ urls: [String]) -> Command {
        // A separate sink for each: with one `-o`, curl would print all objects but the first.
        command(
            "curl",
            ["--silent", "--insecure", "--http2", "--interface", client.address] + options
                + urls.flatMap { ["-o", "/dev/null", $0] })
    }

    /// A pace in curl's words.
    func perMinute(_ pace: Double) -> String { "\(max(1, Int(pace * speed)))/m" }
}

/// A file on every web server of the benign lab: sizes a factor of 1.3 apart, all of them holes on the disk.
enum SizedFile {
    static let sizes: [Int] = Array(sequence(first: 300) { $0 < 100_000_000 ? $0 * 13 / 10 : nil })

    /// The one closest to `size` from above.
    static func name(_ size: Double) -> String {
        "\(sizes.first { Double($0) >= size } ?? sizes[sizes.count - 1])"
    }
}
