package import API
package import Policy
import Traffic

extension ProtectReport {
    /// What no automatic rule is made on.
    package init(_ protected: ProtectedPrefix) {
        self.init(
            prefix: protected.prefix, origin: protected.named == nil ? .automatic : .manual,
            since: protected.named, reason: protected.reason, isVital: protected.isVital)
    }
}
