package import API
package import Policy
import Traffic

// What is asked over the socket, as an order to the policy. `::ffff:192.0.2.1` is that IPv4 address.
extension Order {
    /// What `POST bans` asks for.
    package init(ban request: AddRequest) {
        self.init(.ban(for: request.duration.map { .seconds($0) }, reason: request.reason), request)
    }

    /// What `POST allow` asks for.
    package init(allow request: AddRequest) {
        self.init(.allow(for: request.duration.map { .seconds($0) }, reason: request.reason), request)
    }

    private init(_ action: Action, _ request: AddRequest) {
        self.init(
            action, request.prefixes.map(\.unmapped), insists: request.force == true,
            skipsRefused: request.skipRefused == true)
    }

    /// What `POST protect` asks for.
    package init(protect request: ProtectRequest) {
        self.init(
            .protect(reason: request.reason), request.prefixes.map(\.unmapped),
            skipsRefused: request.skipRefused == true)
    }

    /// What `POST unban` asks for.
    package init(unban request: RemoveRequest) {
        self.init(
            .unban(reason: request.reason), request.prefixes.map(\.unmapped),
            mayBeMissing: request.missingOk == true)
    }

    /// What `POST disallow` asks for.
    package init(disallow request: RemoveRequest) {
        self.init(
            .disallow, request.prefixes.map(\.unmapped), mayBeMissing: request.missingOk == true)
    }

    /// What `POST unprotect` asks for.
    package init(unprotect request: UnprotectRequest) {
        self.init(
            .unprotect, request.prefixes.map(\.unmapped), mayBeMissing: request.missingOk == true)
    }
}
