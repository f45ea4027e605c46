import API
import Foundation
import Traffic

extension Route {
    /// What answers each endpoint.
    static let all: [Route] = [
        Route(Endpoints.status) { service, _ in try await service.status() },
        Route(Endpoints.bans) { BanList(bans: try await $0.bans($1)) },
        Route(Endpoints.ban) { try await $0.ban($1) },
        Route(Endpoints.unban) { try await $0.unban($1) },
        Route(Endpoints.allowed) { service, _ in AllowList(allowed: try await service.allowed()) },
        Route(Endpoints.allow) { try await $0.allow($1) },
        Route(Endpoints.disallow) { try await $0.disallow($1) },
        Route(Endpoints.protected) { service, _ in ProtectList(protected: try await service.protected()) },
        Route(Endpoints.protect) { try await $0.protect($1) },
        Route(Endpoints.unprotect) { try await $0.unprotect($1) },
        Route(Endpoints.pending) { service, _ in PendingList(pending: try await service.pending()) },
        Route(Endpoints.confirm) { PendingList(pending: try await $0.confirm($1)) },
        Route(Endpoints.modes) { service, _ in try await service.modes() },
        Route(Endpoints.prove) { try await $0.prove($1) },
        Route(Endpoints.setMode) { try await $0.setMode($1) },
        Route(Endpoints.report) { try await $0.report(since: $1.since) },
        Route(Endpoints.audit) { AuditList(lines: try await $0.audit($1)) },
        Route(Endpoints.verifyAudit) { try await $0.verifyAudit($1) },
        Route(Endpoints.alerts) { AlertList(alerts: try await $0.alerts($1)) },
        Route(Endpoints.judge) { try await $0.judge($1) },
        Route(Endpoints.models) { service, _ in ModelList(models: try await service.models()) },
        Route(Endpoints.model) { try await $0.model($1.id) },
        Route(Endpoints.challenge) { try await $0.challenge($1) },
        Route(Endpoints.promote) { try await $0.promote($1) },
        Route(Endpoints.keys) { service, _ in try await service.keys() },
        Route(Endpoints.explain) { try await $0.explain($1.address) },
        Route(Endpoints.top) { TopList(view: $1.view, entries: try await $0.top($1)) },
        Route(Endpoints.flows) { FlowList(flows: try await $0.flows($1)) },
        Route(Endpoints.events) { EventList(events: try await $0.events($1)) },
        Route(lines: Endpoints.followEvents) { try await $0.followEvents($1) },
        Route(Endpoints.settings) { service, _ in try await service.settings() },
        Route(Endpoints.reload) { service, _ in SettingList(settings: try await service.reload()) },
        Route(
            "metrics", "Metrics in Prometheus' text format.",
            contentType: "text/plain; version=0.0.4; charset=utf-8"
        ) { service in
            Data(Metrics(try await service.status()).text.utf8)
        },
        Route("openapi.json", "This API as an OpenAPI document.", contentType: "application/json") { _ in
            try OpenAPI.document(of: Route.all)
        },
    ]
}
