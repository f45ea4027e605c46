import API

/// From a request to an answer, by the table of routes.
struct ControlRouter: Sendable {
    let service: any ControlService

    /// The answer to a request; errors are answers too.
    func respond(to request: HTTPRequest) async -> HTTPResponse {
        do {
            return try await route(request)
        } catch let error as ControlError {
            return .failure(error)
        } catch {
            return .failure(ControlError(.failed, "\(error)"))
        }
    }

    private func route(_ request: HTTPRequest) async throws -> HTTPResponse {
        let routes =
            request.path.first == "v1" ? Route.all.filter { $0.matches(request.path.dropFirst()) } : []
        guard !routes.isEmpty else { throw Self.unknownPath(request) }
        guard let route = routes.first(where: { $0.method.rawValue == request.method }) else {
            let error = ControlError(.methodNotAllowed, "\(request.method) is not possible here")
            return .failure(error, allow: routes.map(\.method.rawValue).sorted())
        }
        return try await route.respond(service, request)
    }

    private static func unknownPath(_ request: HTTPRequest) -> ControlError {
        var words: [String] = []
        for route in Route.all {
            if let word = route.path.first, !words.contains(word) { words.append(word) }
        }
        return ControlError(
            .notFound, "no such path: /\(request.path.joined(separator: "/"))",
            hint: "expected /v1/ and one of \(words.joined(separator: ", "))")
    }
}
