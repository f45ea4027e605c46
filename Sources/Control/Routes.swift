import Features
import Foundation
import Policy
import Traffic

extension Route {
    /// Everything that can be asked.
    static let all: [Route] = [
        Route("GET", "status", "What the agent is, sees and does.") { service, _ in
            try await service.status()
        },
        Route(
            "GET", "bans", "Bans and limits in force.",
            parameters: [.since, .source, .reason, .limit, .sort(BanOrder.self)]
        ) { service, request in
            BanList(bans: try await service.bans(try BanQuery(request)))
        },
        Route("POST", "bans", "Bans a source by hand.", body: BanRequest.self) { service, request in
            try await service.ban(try BanRequest(request))
        },
        Route(
            "DELETE", "bans/{prefix}", "Lifts every ban and limit on exactly this prefix.",
            parameters: [.confirm]
        ) { service, request in
            BanList(bans: try await service.unban(try request.prefix(), confirm: try request.confirm()))
        },
        Route("GET", "allow", "The allow-list: what is never dropped and never limited.") { service, _ in
            AllowList(allowed: try await service.allowed())
        },
        Route(
            "POST", "allow", "Adds to the allow-list, which lifts what the entry covers.",
            body: AllowRequest.self
        ) { service, request in
            try await service.allow(try AllowRequest(request))
        },
        Route(
            "DELETE", "allow/{prefix}", "Takes an entry off the allow-list.", parameters: [.confirm]
        ) { service, request in
            try await service.disallow(try request.prefix(), confirm: try request.confirm())
        },
        Route("GET", "protect", "What no rule is made on, neither by the agent nor by hand.") { service, _ in
            ProtectList(protected: try await service.protected())
        },
        Route(
            "POST", "protect", "Protects a prefix by name, which lifts automatic rules on it.",
            body: ProtectRequest.self
        ) { service, request in
            try await service.protect(try ProtectRequest(request))
        },
        Route("DELETE", "protect/{prefix}", "Takes off what was protected by name.") { service, request in
            try await service.unprotect(try request.prefix())
        },
        Route("GET", "pending", "Changes that are undone unless they are confirmed, the oldest first.") {
            service, _ in
            PendingList(pending: try await service.pending())
        },
        Route("POST", "confirm", "Confirms changes; answers those.", body: ConfirmRequest.self) {
            service, request in
            PendingList(pending: try await service.confirm(try request.document(ConfirmRequest.self)))
        },
        Route(
            "POST", "batch", "One change to many prefixes: to all of them, or, if one is refused, to none.",
            body: BatchRequest.self
        ) { service, request in
            try await service.batch(try BatchRequest(request))
        },
        Route("GET", "mode", "How far the agent goes by itself, and for what.") { service, _ in
            try await service.modes()
        },
        Route("POST", "mode", "Changes the mode of a group at once.", body: ModeRequest.self) {
            service, request in
            try await service.setMode(try ModeRequest(request))
        },
        Route(
            "GET", "report",
            "What each mode would do on this network, and whether to change it; from seven days ago on, or from `since`.",
            parameters: [.since]
        ) { service, request in
            try await service.report(since: try request.since())
        },
        Route(
            "GET", "audit", "Who did what, newest first.",
            parameters: [.since, .source, .reason, .auditKind, .limit]
        ) { service, request in
            AuditList(lines: try await service.audit(try AuditQuery(request)))
        },
        Route(
            "GET", "audit/verify",
            """
            Whether the audit trail is what was written: a part of it at a time. Where `last` is less than `newest`, ask again with \
            `last` and `head` as `after` and `hash`.
            """, parameters: [.after, .hash]
        ) { service, request in
            try await service.verifyAudit(after: try request.auditPart())
        },
        Route(
            "GET", "alerts", "What was out of the ordinary.",
            parameters: [.since, .source, .reason, .limit, .sort(AlertOrder.self)]
        ) { service, request in
            AlertList(alerts: try await service.alerts(try AlertQuery(request)))
        },
        Route(
            "POST", "alerts/{id}/feedback", "Takes an operator's word on an alert.",
            body: FeedbackRequest.self
        ) { service, request in
            try await service.judge(alert: try request.alertID(), try request.document(FeedbackRequest.self))
        },
        Route("GET", "models", "Every model that is kept, the one trained last first.") { service, _ in
            ModelList(models: try await service.models())
        },
        Route("GET", "models/{id}", "The file of a model.") { service, request in
            try await service.model(request.path.last ?? "")
        },
        Route(
            "POST", "models", "Puts a model on trial beside the one in use.", body: ModelDocument.self
        ) { service, request in
            try await service.challenge(try request.document(ModelDocument.self))
        },
        Route(
            "POST", "models/promote", "Puts a model that is kept in use at once.", body: PromotionRequest.self
        ) { service, request in
            try await service.promote(try request.document(PromotionRequest.self))
        },
        Route("GET", "keys", "Whose models are taken.") { service, _ in try await service.keys() },
        Route("GET", "explain", "What happens to packets from an address, and why.", parameters: [.address]) {
            service, request in
            try await service.explain(try request.address())
        },
        Route(
            "GET", "top", "The busiest sources or destinations now.",
            parameters: [.view, .source, .limit, .sort(TopOrder.self)]
        ) { service, request in
            let query = try TopQuery(request)
            return TopList(view: query.view, entries: try await service.top(query))
        },
        Route(
            "GET", "flows", "The busiest flows of the latest reading.",
            parameters: [.source, .limit, .sort(FlowOrder.self)]
        ) { service, request in
            FlowList(flows: try await service.flows(try FlowQuery(request)))
        },
        Route(
            "GET", "events", "What happened, the oldest first: the latest of the last 1,000 since the start.",
            parameters: [.since, .source, .reason, .kind, .limit]
        ) { service, request in
            EventList(events: try await service.events(try EventQuery(request)))
        },
        Route(
            "GET", "events/stream",
            """
            The same as JSON Lines, and then what happens as it does, until the agent ends; `limit` is how many of the past come \
            first (none, unless it is there). Who reads too slowly misses events, and is told how many with the next one.
            """, parameters: [.since, .source, .reason, .kind, .limit]
        ) { service, request -> AsyncThrowingStream<EventReport, any Error> in
            try await service.followEvents(try EventQuery(request, or: 0))
        },
        Route("GET", "config", "The configuration in use, and where each value is from.") { service, _ in
            try await service.settings()
        },
        Route(
            "POST", "reload",
            "Reads the configuration again, and takes it over as a whole or not at all; answers what changed."
        ) { service, _ in
            SettingList(settings: try await service.reload())
        },
        Route(
            "GET", "metrics", "Metrics in Prometheus' text format.",
            contentType: "text/plain; version=0.0.4; charset=utf-8"
        ) { service, _ in
            Data(Metrics(try await service.status()).text.utf8)
        },
        Route("GET", "openapi.json", "This API as an OpenAPI document.", contentType: "application/json") {
            _, _ in
            try OpenAPI.document(of: Route.all)
        },
    ]
}

extension Parameter {
    fileprivate static let since = Parameter("since", "Later ones only.", .time)
    fileprivate static let source = Parameter(
        "source", "Those on a source that has an address in common with this.", .prefix)
    fileprivate static let reason = Parameter("reason", "Those with exactly this reason.", .string)
    fileprivate static let limit = Parameter(
        "limit", "How many at most.", .integer(from: 1, through: ListLimits.most))
    fileprivate static let kind = Parameter(
        "kind", "Those of this kind.", .words(of: EventReport.Kind.self))
    fileprivate static let auditKind = Parameter("kind", "Those of this kind.", .words(of: AuditKind.self))
    fileprivate static let after = Parameter(
        "after", "Lines after this one; none: from the first on.", .integer(from: 0, through: .max))
    fileprivate static let hash = Parameter("hash", "The hash that the line `after` must have.", .string)
    fileprivate static let confirm = Parameter(
        "confirm", "Seconds within which it must be confirmed (`POST confirm`), or it is undone.", .number)
    fileprivate static let address = Parameter("address", "Of either family.", .address, isRequired: true)
    fileprivate static let view = Parameter(
        "view", "Who sends, or who is sent to.", .words(of: Entity.View.self))

    fileprivate static func sort<Order: RawRepresentable<String> & CaseIterable>(
        _ type: Order.Type
    ) -> Parameter {
        Parameter("sort", "Numbers and times greatest first, words from A to Z.", .words(of: type))
    }
}
