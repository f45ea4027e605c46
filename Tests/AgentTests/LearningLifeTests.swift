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
    /// From the first model to the next: learning, recording, training, canaries, trial, promotion.
    @Suite("The learning life", .optimized)
    struct LearningLifeTests {
        private static let learning =
            "learn: {duration: 10s, retrain: 10s, trial: 4s}\ndetection: {model: kmeans}\n"

        private func roles(_ agent: RunningAgent) async throws -> [String: String] {
            let models = try await agent.client.models()
            return Dictionary(models.map { ($0.id, $0.role) }) { first, _ in first }
        }

        /// Waits for the first model, and returns its name.
        private func first(_ agent: RunningAgent) async throws -> String {
            let isLearned = try await eventually(within: .seconds(40)) {
                try await !agent.client.status().model.isBuiltIn
            }
            try #require(isLearned, "\(agent.program.text)")
            let models = try await agent.client.models()
            #expect(models.map(\.role) == ["champion"] && models.map(\.note) == ["the first"])
            return try #require(models.first?.id)
        }

        /// What was written down of traffic, the oldest first.
        private func recordings(_ site: Site) throws -> [TrainingSet] {
            try Store(reading: "\(site.folder.path)/sluice.db")
                .recordings(after: Timestamp(nanoseconds: 0))
                .map { try TrainingSet(file: ModelFile($0.data), shipped: .embedded()) }
        }

        @Test(
            "The next model is trained on what was recorded but for attacks, is tried beside the one in use, and takes over"
        )
        func promotion() async throws {
            try await withSite { site in
                try site.ping(hosts: 10...17)
                let agent = try await RunningAgent(site, with: Self.learning)
                // While it learns, somebody scans by either family.
                let scans = try Site.Family.allCases.map { family in
                    let frames = Frame.scan(from: Site.attacker(family), to: Site.server(family))
                    return try site.attack(frames, packetsPerSecond: 200)
                }
                let isBanned = try await eventually { try await agent.client.bans().count == 2 }
                for scan in scans { await scan.stop() }
                #expect(isBanned, "\(agent.program.text)")

                let champion = try await first(agent)
                let isTried = try await eventually(within: .seconds(40)) {
                    try await roles(agent).values.contains("challenger")
                }
                try #require(isTried, "\(agent.program.text)")
                let list = try await agent.sluice("model list").output
                let challenger = try #require(
                    try await agent.client.models().first { $0.role == "challenger" }, "\(list)")
                #expect(challenger.trial != nil && list.contains(" % of its trial)"), "\(list)")
                #expect(try await roles(agent)[champion] == "champion")
                #expect(try await agent.client.status().model.id.hasSuffix(champion))

                let isPromoted = try await eventually(within: .seconds(20)) {
                    try await agent.client.status().model.id.hasSuffix(challenger.id)
                }
                try #require(isPromoted, "\(agent.program.text)")
                let models = try await agent.client.models()
                #expect(models.map(\.role) == ["champion", "retired"], "\(models)")
                #expect(
                    models.first?.note
                        == "passed its trial: 0 alarms without evidence, the one before 0", "\(models)")
                let after = try await agent.sluice("model list").output
                #expect(after.contains("retired") && after.contains("passed its trial: 0 alarms"), "\(after)")
                let steps = [
                    "\(challenger.id) judges beside the model in use, for its trial",
                    "\(challenger.id) passed its trial and is in use now",
                ]
                let events = try await agent.client.events(EventQuery()).filter { $0.kind == .model }
                #expect(events.map(\.text).starts(with: steps), "\(events)")
                let trail = try await agent.sluice("audit --kind model --format json").output
                for words in [
                    "is the first of this site and is in use now",
                    "judges beside the model in use", "passed its trial and is in use now",
                ] { #expect(trail.contains(words), "\(trail)") }
                #expect(try await agent.stop().status == 0)

                // Twenty seconds of two times eight pings, and nothing of the scans.
                let recordings = try recordings(site)
                #expect(recordings.count >= 2 && recordings[0].leftOut.odd > 0)
                let novel = FeatureSchema.description(of: .novel60).scale
                for rows in recordings.prefix(2).map(\.source.rows) {
                    let windows = stride(from: 0, to: rows.count, by: FeatureSchema.count)
                    #expect(windows.underestimatedCount > 100)
                    for start in windows {
                        #expect(novel.quantity(of: Double(rows[start + Feature.novel60.rawValue])) < 5)
                    }
                }
                let model = try #require(
                    try Store(reading: "\(site.folder.path)/sluice.db").model(.champion))
                let trained = try SiteModel(file: ModelFile(model.data))
                #expect(trained.learned >= .seconds(19), "\(trained.learned)")
            }
        }

        @Test("A next model that was taught a stored attack is not tried, and why is told")
        func poisoning() async throws {
            try await withSite { site in
                let attack = CanaryAttack.guessing
                // As if an attacker had got it past every guard into what was recorded an hour ago.
                var poison = TrainingSet(merging: [], maximumRows: .max, shipped: try .embedded())
                let windows = Canaries.windows(of: attack)
                for _ in 0..<20 {
                    for row in windows.windows.indices {
                        poison.add(Array(windows.features(of: row)), of: .source, isAttack: false)
                    }
                }
                let hour = Timestamp(seconds: Date().timeIntervalSince1970 - 3_600)
                try Store(path: "\(site.folder.path)/sluice.db")
                    .save(recording: poison.file.bytes, started: hour, ended: hour + .seconds(60))
                try site.ping(hosts: 10...17)
                let agent = try await RunningAgent(site, with: Self.learning)
                let champion = try await first(agent)
                let isRefused = try await eventually(within: .seconds(40)) {
                    try await roles(agent).values.contains("rejected")
                }
                try #require(isRefused, "\(agent.program.text)")
                let other = try #require(try await agent.client.models().first { $0.role == "rejected" })
                let note = other.note
                #expect(note.hasPrefix("it does not find ") && note.contains(attack.name), "\(note)")
                #expect(note.hasSuffix(", which the one in use does"), "\(note)")
                let list = try await agent.sluice("model list").output
                #expect(list.contains("it does not find"), "\(list)")
                let words = "\(other.id) failed its trial and is not used: \(note)"
                let events = try await agent.client.events(EventQuery()).filter { $0.kind == .model }
                #expect(events.first?.text == words, "\(events)")
                #expect(try await agent.sluice("audit --format json").output.contains(note))
                // Longer than a trial would have taken.
                try await Task.sleep(for: .seconds(6))
                #expect(try await agent.client.status().model.id.hasSuffix(champion))
                #expect(try await roles(agent)[champion] == "champion")
                #expect(try await agent.stop().status == 0)
            }
        }
    }
}
