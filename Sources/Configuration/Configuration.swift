package import Policy
package import Traffic

/// What the agent is told: the values of one configuration file, or the defaults.
///
/// `Schema` says what each key means, and which values it takes.
package struct Configuration: Hashable, Sendable {
    /// How the program is attached to an interface.
    package enum Attach: String, Hashable, Sendable, CaseIterable { case auto, native, generic }

    /// What becomes of packets from outside in the name of our own networks: dropped where the kernel would drop them anyway (strict
    /// reverse-path filtering), everywhere, or nowhere.
    package enum Martians: String, Hashable, Sendable, CaseIterable { case auto, drop, count }

    /// `learn`: how long the agent watches before it decides.
    package struct Learn: Hashable, Sendable {
        package var duration: Duration = .seconds(24 * 3600)
        package var retrain: Duration = .seconds(24 * 3600)
        package var trial: Duration = .seconds(6 * 3600)
        package var memory: Duration = .seconds(14 * 24 * 3600)
    }

    /// `detection`: how sure a verdict must be.
    package struct Detection: Hashable, Sendable {
        /// The kind of model that is trained of this site.
        package enum Model: String, Hashable, Sendable, CaseIterable {
            case autoencoder, pca, forest, kmeans, svm
        }

        package var falseAlarmsPerDay = 1.0
        package var model = Model.autoencoder
    }

    /// `models`: what is to be known of model files.
    package struct Models: Hashable, Sendable {
        /// Public keys, 64 hexadecimal digits in lower case each.
        package var trustedKeys: [String] = []
    }

    /// `bans`: how long automatic bans last.
    package struct Bans: Hashable, Sendable {
        package var duration: Duration = .seconds(600)
        package var maximum: Duration = .seconds(24 * 3600)
        package var widestIPv4 = 24
        package var widestIPv6 = 48
    }

    /// `limits`: what automatic limits let pass, and how long they last.
    package struct Limits: Hashable, Sendable {
        package var packetsPerSecond: UInt32 = 1000
        package var duration: Duration = .seconds(300)
    }

    /// `breakers`: how much automatic blocking is held to have gone wrong.
    package struct Breakers: Hashable, Sendable {
        package var bansPerMinute = 600
        package var knownSourcesPercent = 10.0
        package var knownTrafficPercent = 50.0

        /// What this tells the policy.
        package var settings: BreakerSettings {
            BreakerSettings(
                bansPerMinute: bansPerMinute, knownShare: knownSourcesPercent / 100,
                trafficShare: knownTrafficPercent / 100)
        }
    }

    /// `dead_man`: what becomes of automatic rules when the agent is gone.
    package struct DeadMan: Hashable, Sendable {
        /// They stop to apply (`open`), or apply until they expire (`closed`).
        package enum Action: String, Hashable, Sendable, CaseIterable { case open, closed }

        package var after: Duration = .seconds(30)
        package var action = Action.open
    }

    /// `flow_table`: the kernel's table of flows.
    package struct FlowTable: Hashable, Sendable {
        /// `nil`: what suits the machine.
        package var slotsPerCPU: Int?
    }

    /// `rule_table`: the kernel's table of rules on sources.
    package struct RuleTable: Hashable, Sendable {
        package var slots = 16_384
    }

    /// `control`: who may speak to the agent, by the groups of their process.
    package struct Control: Hashable, Sendable {
        /// Name or number; empty for none.
        package var readGroup = ""
        /// Name or number; empty for none.
        package var writeGroup = ""
    }

    /// `log`: what the agent writes about itself.
    package struct Log: Hashable, Sendable {
        /// Least severe messages that are written.
        package enum Level: String, Hashable, Sendable, CaseIterable {
            case debug, info, notice, warning, error
        }

        package var level = Level.info
    }

    package var interfaces: [String] = []
    /// Of those interfaces for which one is given.
    package var roles: [String: InterfaceRole] = [:]
    package var attach = Attach.auto
    package var martians = Martians.auto
    package var mode = Mode.shadow
    package var groups: [Group] = []
    package var interval: Duration = .milliseconds(200)
    package var localNetworks: [Prefix] = []
    package var ipv6SourcePrefix = 64
    package var allow: [Prefix] = []
    package var learn = Learn()
    package var detection = Detection()
    package var models = Models()
    package var bans = Bans()
    package var limits = Limits()
    package var breakers = Breakers()
    package var deadMan = DeadMan()
    package var flowTable = FlowTable()
    package var ruleTable = RuleTable()
    package var state = "/var/lib/sluice/sluice.db"
    package var socket = "/run/sluice/sluice.sock"
    package var control = Control()
    package var bpffs = "/sys/fs/bpf"
    package var log = Log()

    /// The defaults.
    package init() {}

    /// What `bans` and `limits` tell the policy.
    package var policy: PolicySettings {
        PolicySettings(
            banDuration: bans.duration, banMaximum: bans.maximum, widestIPv4: bans.widestIPv4,
            widestIPv6: bans.widestIPv6,
            limitPacketsPerSecond: limits.packetsPerSecond, limitDuration: limits.duration)
    }
}
