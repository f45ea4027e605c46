package import Detection
package import Policy
package import Traffic

extension Configuration {
    /// One item of `groups`: traffic, and the keys that have other values for it.
    package struct Group: Hashable, Sendable {
        package var traffic: TrafficGroup
        /// Holds the values of `given`, and defaults.
        var own = Configuration()
        /// Dotted keys that the group has; all others are as in the rest of the configuration.
        var given: Set<String> = []
    }

    /// The configuration with what a group says otherwise.
    func with(_ group: Group) -> Configuration {
        var configuration = self
        for key in Schema.groupKeys where group.given.contains(key.path) {
            key.copy(group.own, &configuration)
        }
        return configuration
    }

    /// What `groups` tells the policy.
    package var policyGroups: [PolicyGroup] {
        groups.map { group in
            let whole = with(group)
            return PolicyGroup(group.traffic, mode: whole.mode, settings: whole.policy)
        }
    }

    /// The kind of model that is trained of a group (`nil`: of the network).
    package func modelKind(of group: String?) -> Detection.Model {
        (groups.first { $0.traffic.name == group }.map(with) ?? self).detection.model
    }

    /// What `detection.false_alarms_per_day` and `groups` tell detection.
    package var acceptedAlarms: AcceptedAlarms {
        AcceptedAlarms(
            perDay: detection.falseAlarmsPerDay,
            inGroups: Dictionary(
                groups.map { ($0.traffic.name, with($0).detection.falseAlarmsPerDay) }
            ) { first, _ in first })
    }
}
