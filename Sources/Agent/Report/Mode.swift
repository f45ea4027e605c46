package import API
package import Policy
import Traffic

extension ModeReport {
    /// What the policy says of its modes.
    package init(_ policy: Policy) {
        let groups = ([nil] + policy.groups.map(\.traffic)).map { traffic in
            Group(
                name: traffic?.name, protects: traffic?.protects ?? [], interfaces: traffic?.interfaces ?? [],
                roles: traffic?.roles.map(\.rawValue) ?? [], mode: policy.mode(of: traffic?.name),
                configured: policy.configuredMode(of: traffic?.name),
                pending: policy.pendingMode(of: traffic?.name))
        }
        self.init(groups: groups, trip: policy.trip?.reason)
    }
}
