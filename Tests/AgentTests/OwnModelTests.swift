import API
import Control
import Detection
import Foundation
import Models
import Signing
import Store
import TestSupport
import Testing
import Traffic

extension EndToEnd {
    @Suite("Policy groups with a model of their own")
    struct OwnModelTests {
        private static func groups(_ lines: String...) -> String {
            "groups:\n" + lines.map { "  - \($0)\n" }.joined()
        }
        private static let guests =
            #"{name: guests, protects: [10.20.0.0/24, "2001:db8:20::/64"], model: own, detection: {model: kmeans}}"#

        @Test(
            "A group learns a model from its own windows, keeps it across restarts and reloads, and is judged by it",
            .optimized)
        func learns() async throws {
            try await withSite { site in
                let learning = "learn: {duration: 10s}\ndetection: {model: kmeans}\n"
                try site.ping(hosts: 10...17)
                let agent = try await RunningAgent(site, with: learning + Self.groups(Self.guests))
                let before = try await agent.sluice("status").output
                #expect(before.contains(" left, judged by the shared one until then"), "\(before)")
                func own(_ agent: RunningAgent) async throws -> String? {
                    try await agent.client.status().groups.first?.model?.id
                }
                let isLearned = try await eventually(within: .seconds(60)) { try await own(agent) != nil }
                try #require(isLearned, "\(agent.program.text)")
                let name = try #require(try await own(agent))
                #expect(name.hasPrefix("site-guests-10s-"), "\(name)")
                let status = try await agent.sluice("status").output
                #expect(status.contains("own model \(name), trained "), "\(status)")
                #expect(try await agent.client.models().contains { $0.id == name && $0.group == "guests" })
                // Of the same networks, those outside are in no group.
                for (address, isGuests): (StaticString, Bool) in [
                    ("198.51.100.12", true), ("2001:db8:1:12::2", true), ("10.20.0.12", false),
                    ("2001:db8:20::1:12", false),
                ] {
                    var model: String?
                    let isSeen = try await eventually {
                        model = try await agent.client.explain(Address(literal: address)).current?.model
                        return model != nil
                    }
                    #expect(isSeen && model?.hasSuffix(name) == isGuests, "\(address): \(model ?? "")")
                }
                let path = site.folder.appending(path: "own.safetensors").path
                #expect(try await agent.sluice("model export \(name) \(path)").status == 0)
                let inspected = try await site.run([sluicePath, "model", "inspect", path]).output
                #expect(inspected.contains("Group") && inspected.contains("guests"), "\(inspected)")

                // Without its own model, and back.
                let file = site.folder.appending(path: "sluice.yaml")
                for groups in ["", Self.groups(Self.guests)] {
                    try RunningAgent.configuration(site, with: learning + groups).write(
                        to: file, atomically: true, encoding: .utf8)
                    #expect(try await agent.client.reload().map(\.key) == ["groups"])
                    #expect(try await own(agent) == (groups.isEmpty ? nil : name))
                }
                #expect(try await agent.stop().status == 0)
                let next = try await RunningAgent(site, with: learning + Self.groups(Self.guests))
                #expect(try await own(next) == name)
                #expect(try await next.stop().status == 0)
            }
        }

        @Test(
            "Models of a group are listed, imported, rolled back and promoted apart from the shared one",
            .optimized)
        func life() async throws {
            try await withSite { site in
                let key = try SigningKey(file: SigningKey.path(beside: "\(site.folder.path)/sluice.db"))
                func model(_ seed: UInt64, _ group: String?) throws -> SiteModel {
                    var set = TrainingSet(
                        try WindowTable(SignedModelTests.table(seed: seed)), shipped: try .embedded())
                    set.group = group
                    return try Trainer.train(set, kind: .kmeans, seed: seed)
                }
                let shared = try model(1, nil)
                let (old, new, third) = (
                    try model(2, "guests"), try model(3, "guests"), try model(4, "others")
                )
                for (model, role) in [
                    (shared, SavedModel.Role.champion), (old, .retired), (new, .champion),
                ] {
                    try SignedModelTests.save(model, try model.file.signed(by: key), as: role, in: site)
                }
                let agent = try await RunningAgent(
                    site,
                    with: Self.groups(Self.guests, #"{name: others, protects: [192.0.2.0/24], model: own}"#))
                func roles() async throws -> [String: String] {
                    let models = try await agent.client.models()
                    return Dictionary(models.map { ($0.id, "\($0.group ?? "-") \($0.role)") }) { first, _ in
                        first
                    }
                }
                let list = try await agent.sluice("model list").output
                #expect(list.contains("GROUP") && list.contains("guests"), "\(list)")
                let back = try await agent.sluice("model rollback --group guests")
                #expect(back.output == "The model \(old.name) is in use again for guests.\n", "\(back)")
                #expect(
                    try await roles() == [
                        shared.name: "- champion", old.name: "guests champion", new.name: "guests retired",
                    ])
                #expect(try await agent.client.status().model.id.contains(shared.name))
                #expect(try await agent.client.status().groups.map(\.model?.id) == [old.name, nil])
                #expect(try await agent.sluice("model rollback").error.contains("no earlier model"))
                #expect(
                    try await agent.sluice("model rollback --group nobody").error.contains(
                        "no policy group nobody has a model of its own here"))
                #expect(try await agent.sluice("model promote \(new.name)").status == 0)
                #expect(try await roles()[new.name] == "guests champion")

                let path = site.folder.appending(path: "third.safetensors")
                try Data(try third.file.signed(by: key).bytes).write(to: path)
                let early = try await agent.sluice("model import \(path.path)")
                #expect(early.status == 5 && early.error.contains("no model in use yet"), "\(early)")
                let other = try await agent.sluice("model import \(path.path) --group guests")
                #expect(other.output.contains("beside the one in use for guests"), "\(other)")
                #expect(try await roles()[third.name] == "guests challenger")
                let isTried = try await eventually(within: .seconds(40)) {
                    try await agent.client.models().first { $0.id == third.name }?.trial != nil
                }
                #expect(isTried, "\(agent.program.text)")
                let audit = try await agent.sluice("audit --format json").output
                #expect(audit.contains("imported for the policy group guests"), "\(audit)")
                #expect(try await agent.stop().status == 0)
            }
        }

        @Test("A model of a group that cannot be used is complained of for as long as there is the group")
        func complaint() async throws {
            try await withSite { site in
                let store = try Store(path: "\(site.folder.path)/sluice.db")
                try store.save(
                    SavedModel(
                        id: "broken", group: "guests", trained: .init(seconds: 1), role: .champion,
                        since: .init(seconds: 1), metadata: "{}", data: [1, 2, 3]))
                let agent = try await RunningAgent(site, with: Self.groups(Self.guests))
                func isComplainedOf() async throws -> Bool {
                    try await agent.client.status().warnings.contains { $0.contains("learned model broken") }
                }
                #expect(try await isComplainedOf())
                try RunningAgent.configuration(site).write(
                    to: site.folder.appending(path: "sluice.yaml"), atomically: true, encoding: .utf8)
                #expect(try await agent.client.reload().map(\.key) == ["groups"])
                #expect(try await !isComplainedOf())
                try await agent.stop()
            }
        }
    }
}
