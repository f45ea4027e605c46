import Foundation
import Testing

extension EndToEnd {
    @Suite("A program behind ours")
    struct ChainTests {
        /// One of xdp-filter's objects.
        static func filter() throws -> String {
            let folders = try FileManager.default.contentsOfDirectory(atPath: "/usr/lib")
            return try #require(
                folders.map { "/usr/lib/\($0)/bpf/xdpfilt_alw_all.o" }
                    .first(where: FileManager.default.fileExists), "scripts/setup test installs it")
        }

        @Test("`sluice chain` puts xdp-filter behind a running agent, shows it, and takes it away")
        func chain() async throws {
            try await withSite { site in
                func chain(_ arguments: String...) async throws -> Outcome {
                    try await site.run([sluicePath, "chain"] + arguments, in: site.gateway)
                }
                let early = try await chain()
                #expect(early.status == 1)
                #expect(early.error.contains("start an agent first"))

                let agent = try await RunningAgent(site)
                #expect(try await chain().output.contains("no program is behind ours"))
                let put = try await chain(Self.filter(), "--format", "json")
                #expect(put.status == 0, "\(put.error)")
                for family in Site.Family.allCases { #expect(try await site.fetch(family)) }

                let report = try JSONSerialization.jsonObject(with: Data(put.output.utf8)) as? [String: Any]
                let program = try #require(report?["program"] as? [String: Any])
                #expect(program["name"] as? String == "xdpfilt_alw_all")
                let maps = try #require(program["maps"] as? [String])
                let ports = try #require(maps.first { $0.hasSuffix("filter_ports") })
                // Port 8080 in network order; TCP (4), destination (2).
                let update =
                    "map update pinned \(ports) key hex 1f 90 00 00 value hex 06 00 00 00 00 00 00 00"
                let updated = try await site.run(["bpftool"] + update.split(separator: " ").map(String.init))
                try #require(updated.status == 0, "\(updated.error)")
                for family in Site.Family.allCases {
                    #expect(try await !site.fetch(family))
                    #expect(try await site.ping(family))
                }
                #expect(try await chain("/etc/passwd").status == 1)
                #expect(try await chain().output.contains("xdpfilt_alw_all"))

                #expect(try await chain("--clear").status == 0)
                for family in Site.Family.allCases { #expect(try await site.fetch(family)) }
                try await agent.stop()
                #expect(try await site.leftovers().isEmpty)
            }
        }
    }
}
