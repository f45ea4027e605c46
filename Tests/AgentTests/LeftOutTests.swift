import API
import Control
import Features
import Foundation
import Models
import Store
import TestSupport
import Testing
import Traffic

@testable import Detection

extension EndToEnd {
    @Suite("What a model is not trained on", .optimized)
    struct LeftOutTests {
        /// Lengths of frames with pings of so many bytes, of either family.
        private static func lengths(ofPings size: Int) -> Set<Int> { [size + 42, size + 62] }

        /// Rows whose packets are this long in the mean.
        private func count(_ view: TrainingSet.View, of lengths: Set<Int>) -> Int {
            let scale = FeatureSchema.description(of: .meanLength).scale
            return stride(from: Feature.meanLength.rawValue, to: view.rows.count, by: FeatureSchema.count)
                .count { lengths.contains(Int(scale.quantity(of: Double(view.rows[$0])).rounded())) }
        }

        @Test(
            "Of a host that talks all the time a share is learned, of one that there is a verdict on nothing, and the model says so"
        )
        func shareAndQuarantine() async throws {
            try await withSite { site in
                // In a group of its own, a hundred windows of one host are learned: one a second.
                let group =
                    "groups: [{name: guests, protects: [10.20.0.0/24, \"2001:db8:20::/64\"], model: own}]\n"
                let learning = "learn: {duration: 130s}\ndetection: {model: kmeans}\n"
                let agent = try await RunningAgent(site, with: learning + group)
                let (busy, bad) = (16, 28)
                try site.ping(hosts: 10...17, every: 4)
                try site.ping(hosts: 30...30, size: busy)
                try site.ping(hosts: 40...40, size: bad)
                // After a minute as everybody, it scans.
                try await Task.sleep(for: .seconds(60))
                let scans = try [
                    (Address(literal: "198.51.100.40"), Site.Family.ipv4),
                    (Address(literal: "2001:db8:1:40::2"), .ipv6),
                ].map { source, family in
                    try site.attack(Frame.scan(from: source, to: Site.server(family)), packetsPerSecond: 200)
                }
                let isBanned = try await eventually { try await agent.client.bans().count == 2 }
                for scan in scans { await scan.stop() }
                #expect(isBanned, "\(agent.program.text)")

                var name: String?
                let isLearned = try await eventually(within: .seconds(150)) {
                    name = try await agent.client.status().groups.first?.model?.id
                    return name != nil
                }
                try #require(isLearned, "\(agent.program.text)")
                let file = site.folder.appending(path: "guests.safetensors").path
                #expect(try await agent.sluice("model export \(name ?? "") \(file)").status == 0)
                let inspected = try await site.run([sluicePath, "model", "inspect", file]).output
                #expect(inspected.contains("Windows Beyond An Entity's Share"), "\(inspected)")
                #expect(inspected.contains("Windows In Quarantine"), "\(inspected)")
                let provenance = try SiteModel(file: ModelFile(Array(Data(contentsOf: URL(filePath: file)))))
                    .provenance
                #expect(try await agent.stop().status == 0)

                let recording = try #require(
                    try Store(reading: "\(site.folder.path)/sluice.db")
                        .recordings(after: Timestamp(nanoseconds: 0), of: "guests").first)
                let set = try TrainingSet(file: ModelFile(recording.data), shipped: .embedded())
                // Of either family, a host and the one that it pings.
                for view in [set.source, set.destination] {
                    let rows = count(view, of: Self.lengths(ofPings: busy))
                    #expect(rows > 160 && rows <= 200, "\(rows) of \(view.count)")
                    #expect(view.count > rows + 200, "\(view.count)")
                }
                #expect(count(set.source, of: Self.lengths(ofPings: bad)) == 0)
                // Whom it has pinged before is not to blame.
                #expect(count(set.destination, of: Self.lengths(ofPings: bad)) > 60)
                #expect(set.leftOut.quarantined > 60 && set.leftOut.beyondShare > 20, "\(set.leftOut)")
                #expect(provenance["windows in quarantine"] == "\(set.leftOut.quarantined)")
                #expect(provenance["windows beyond an entity's share"] == "\(set.leftOut.beyondShare)")
            }
        }
    }
}
