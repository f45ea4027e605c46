package import Traffic

/// What the control socket answers instead of a document: `{"error":{"code","message","hint"}}`.
package struct ControlError: Error, Codable, Hashable, Sendable {
    /// The kind of mistake; each has its HTTP status.
    package enum Code: String, Codable, CaseIterable, Hashable, Sendable {
        /// 400: the request cannot be understood.
        case invalid
        /// 403: the caller may not do this.
        case forbidden
        /// 404: no such ban, entry or path.
        case notFound
        /// 405: the path exists, but not with this method.
        case methodNotAllowed
        /// 409: understood, but Sluice will not do it: the prefix is protected, too wide ...
        case refused
        /// 413: the body is too long.
        case tooLarge
        /// 500: the agent failed.
        case failed
        /// 503: the agent cannot answer now (it starts or stops, or is busy).
        case unavailable
    }

    /// A prefix of a list that stands in its way.
    package struct Refused: Codable, Hashable, Sendable {
        package var prefix: Prefix
        package var message: String
        package var hint: String?

        package init(prefix: Prefix, message: String, hint: String?) {
            self.prefix = prefix
            self.message = message
            self.hint = hint
        }
    }

    package var code: Code
    /// What is wrong, with what.
    package var message: String
    /// What was expected or what to do.
    package var hint: String?
    /// Of a list: the first of the prefixes that are refused.
    package var refused: [Refused]?

    package init(_ code: Code, _ message: String, hint: String? = nil, refused: [Refused]? = nil) {
        self.code = code
        self.message = message
        self.hint = hint
        self.refused = refused
    }
}
