import API
import Traffic

/// A request of which more is wanted than its members' types say.
protocol CheckedRequest {
    /// Throws if something in it cannot be meant.
    func check() throws(ControlError)
}

extension AddRequest: CheckedRequest {
    func check() throws(ControlError) {
        try checkPrefixes(prefixes)
        try checkDuration(duration)
        try checkReason(reason)
        try checkConfirm(confirm)
    }
}

extension ProveRequest: CheckedRequest {
    func check() throws(ControlError) {
        try checkDuration(duration)
        try checkReason(reason)
    }
}

extension RemoveRequest: CheckedRequest {
    func check() throws(ControlError) {
        try checkPrefixes(prefixes)
        try checkConfirm(confirm)
    }
}

extension ProtectRequest: CheckedRequest {
    func check() throws(ControlError) {
        try checkPrefixes(prefixes)
        try checkReason(reason)
    }
}

extension UnprotectRequest: CheckedRequest {
    func check() throws(ControlError) { try checkPrefixes(prefixes) }
}

extension ModeRequest: CheckedRequest {
    func check() throws(ControlError) { try checkConfirm(confirm) }
}

extension ListQuery: CheckedRequest {
    func check() throws(ControlError) { try checkLimit(limit) }
}

extension TrailQuery: CheckedRequest {
    func check() throws(ControlError) { try checkLimit(limit) }
}

extension FlowQuery: CheckedRequest {
    func check() throws(ControlError) { try checkLimit(limit) }
}

extension TopQuery: CheckedRequest {
    func check() throws(ControlError) {
        try checkLimit(limit)
        if source != nil, view != .source {
            throw ControlError(.invalid, "`source` is for the view of sources", hint: "view=source")
        }
    }
}

extension AuditPart: CheckedRequest {
    func check() throws(ControlError) {
        guard (after == nil) == (hash == nil), after ?? 0 >= 0 else {
            throw ControlError(
                .invalid, "`after` must be the number of a line, and `hash` what that line must have",
                hint: "`last` and `head` of the answer before; both or neither")
        }
    }
}

private func checkPrefixes(_ prefixes: [Prefix]) throws(ControlError) {
    guard (1...ListLimits.prefixes).contains(prefixes.count) else {
        throw ControlError(
            .invalid, "`prefixes` must be a list of 1 to \(ListLimits.prefixes), not of \(prefixes.count)")
    }
}

private func checkLimit(_ limit: Int?) throws(ControlError) {
    guard let limit, !(1...ListLimits.most).contains(limit) else { return }
    throw ControlError(.invalid, "`limit` must be a number from 1 to \(ListLimits.most), not `\(limit)`")
}

/// Ten years: longer ones are meant to have no end, and must not overflow.
private let longestDuration = 10.0 * 365 * 86400

private func checkDuration(_ duration: Double?) throws(ControlError) {
    guard let duration else { return }
    guard duration > 0, duration <= longestDuration else {
        throw ControlError(
            .invalid, "`duration` must be more than 0 and at most ten years, in seconds",
            hint: "leave it out for a rule without an end")
    }
}

private func checkConfirm(_ seconds: Double?) throws(ControlError) {
    guard let seconds else { return }
    guard seconds > 0, seconds <= 86_400 else {
        throw ControlError(
            .invalid, "`confirm` must be more than 0 and at most a day, in seconds",
            hint: "leave it out for a change that stays without being confirmed")
    }
}

private func checkReason(_ reason: String?) throws(ControlError) {
    if let reason, reason.utf8.count > 1000 {
        throw ControlError(.invalid, "`reason` is longer than 1000 bytes")
    }
}
