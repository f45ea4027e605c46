import Configuration
import Detection
import Foundation
import Policy
import Testing
import Traffic

@Suite("Policy groups in the configuration")
struct GroupTests {
    private static let text = """
        mode: shadow
        detection: {false_alarms_per_day: 2}
        bans: {duration: 5m, maximum: 1d, widest_ipv6: 56}
        groups:
          - name: servers
            protects: [192.0.2.0/24, 2001:db8:20::/64]
            mode: enforce
            bans: {duration: 1h}
            limits: {packets_per_second: 200}
            detection: {false_alarms_per_day: 0.5}
          - {name: guests, interfaces: [wlan0], roles: [lan], model: own, detection: {model: kmeans}}
        """

    @Test("A group has what it says, and all else from the rest, in whatever order they stand")
    func inherits() throws {
        let configuration = try Configuration(text: Self.text, file: "f")
        let groups = configuration.policyGroups
        #expect(groups.map(\.name) == ["servers", "guests"])
        #expect(groups.map(\.mode) == [.enforce, .shadow])
        #expect(groups[0].traffic.protects.map(\.description) == ["192.0.2.0/24", "2001:db8:20::/64"])
        #expect(groups[0].settings.banDuration == .seconds(3600))
        #expect(groups[0].settings.banMaximum == .seconds(86400))
        #expect(groups[0].settings.widestIPv6 == 56)
        #expect(groups[0].settings.limitPacketsPerSecond == 200)
        #expect(groups[1].settings == configuration.policy)
        #expect(groups[1].traffic.interfaces == ["wlan0"] && groups[1].traffic.roles == [.lan])
        #expect(configuration.acceptedAlarms.perDay == 2)
        #expect(configuration.acceptedAlarms.inGroups == ["servers": 0.5, "guests": 2])
        #expect(groups.map(\.traffic.hasOwnModel) == [false, true])
        #expect(
            [nil, "servers", "guests", "nobody"].map { configuration.modelKind(of: $0) }
                == [.autoencoder, .autoencoder, .kmeans, .autoencoder])
        let lines = Self.text.split(separator: "\n").map(String.init)
        let turned = lines[3...] + lines[..<3]
        #expect(try Configuration(text: turned.joined(separator: "\n"), file: "f") == configuration)
    }

    @Test("It is printed as one line that reads the same")
    func roundTrip() throws {
        let configuration = try Configuration(text: Self.text, file: "f")
        #expect(try Configuration(text: configuration.text, file: "f") == configuration)
        let setting = try #require(LoadedConfiguration(configuration).settings.first { $0.key == "groups" })
        #expect(
            setting.value
                == "[{name: servers, protects: [192.0.2.0/24, 2001:db8:20::/64], mode: enforce, bans: {duration: 1h}, "
                + "detection: {false_alarms_per_day: 0.5}, limits: {packets_per_second: 200}}, "
                + "{name: guests, interfaces: [wlan0], roles: [lan], model: own, detection: {model: kmeans}}]"
        )
        #expect(setting.isReloadable)
    }

    @Test(
        "What is wrong with a group is said, with its place",
        arguments: [
            ("groups: yes", "1:9: groups must be a list, each item a group with a name"),
            ("groups: [servers]", "1:10: each item of groups must be a group with a name"),
            ("groups: [{protects: [10.0.0.0/8]}]", "an item of groups has no name"),
            ("groups: [{name: 7}]", "groups.name must be a word"),
            ("groups: [{name: a}]", "a group must say what it is for: protects, interfaces or roles"),
            ("groups: [{name: a, roles: [lab]}]", "did you mean `lan`?"),
            (
                "groups: [{name: a, protect: [10.0.0.0/8]}]",
                "unknown key `groups.protect`; did you mean `protects`?"
            ),
            (
                "groups: [{name: a, roles: [lan], bans: {durations: 1h}}]",
                "unknown key `groups.bans.durations`"
            ),
            (
                "groups: [{name: a, roles: [lan], mode: on}]",
                "mode must be one of learn, shadow, limit, enforce"
            ),
            ("groups: [{name: a, roles: [lan]}, {name: a, roles: [wan]}]", "groups has a twice"),
            ("groups: [{name: a, roles: [lan], model: mine}]", "groups.model must be one of shared, own"),
            (
                "groups: [{name: a, roles: [lan], detection: {model: svm}}]",
                "in the group a, detection.model needs `model: own`"
            ),
            (
                "groups: ["
                    + (1...9).map { "{name: a\($0), roles: [lan], model: own}" }.joined(separator: ", ")
                    + "]", "at most 8 groups may have `model: own`, and 9 have it"
            ),
            ("groups: [{name: a, roles: [lan], state: /x}]", "unknown key `groups.state`"),
            (
                "groups: [{name: a, roles: [lan], bans: {duration: 2d}}]",
                "in the group a, bans.maximum (24h) must not be shorter than bans.duration (2d)"
            ),
        ])
    func mistakes(text: String, message: String) throws {
        let error = try #require(throws: ConfigurationError.self) { try Configuration(text: text, file: "f") }
        #expect("\(error)".contains(message), "\(error)")
    }

    @Test("The schema for editors knows the keys of a group")
    func schema() throws {
        let object = try JSONSerialization.jsonObject(with: Data(try Configuration.jsonSchema.utf8))
        let properties = try #require((object as? [String: Any])?["properties"] as? [String: Any])
        let groups = try #require(properties["groups"] as? [String: Any])
        let items = try #require((groups["items"] as? [String: Any])?["properties"] as? [String: Any])
        #expect(
            items.keys.sorted() == [
                "bans", "detection", "interfaces", "limits", "mode", "model", "name", "protects", "roles",
            ])
    }
}
