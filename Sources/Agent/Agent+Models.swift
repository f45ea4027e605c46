package import API
import Configuration
import Control
import Detection
import Engine
import Features
import Foundation
import Models
import Policy
import Signing
import Store
import Traffic

/// Questions and orders about models, and what operators say of alerts.
extension Agent {
    package func models() async throws -> [ModelReport] {
        try store.models().map { model in
            var report = ModelReport(model)
            if let trial = engine.detector.life(of: model.group)?.trial, trial.model.name == model.id,
                case .running(let part) = trial.outcome
            {
                report.trial = part
            }
            return report
        }
    }

    package func model(_ id: String) async throws -> ModelDocument {
        let model = try saved(id)
        return ModelDocument(data: Data(model.data), group: model.group)
    }

    package func promote(_ request: PromotionRequest) async throws -> ModelReport {
        guard let id = try request.id ?? store.model(.retired, of: try life(of: request.group).group)?.id
        else {
            throw ControlError(
                .notFound, "there is no earlier model", hint: "sluice model list names them all")
        }
        let saved = try saved(id)
        let model = try readable(saved.data)
        let champion = try life(of: saved.group).site
        guard model.name != champion?.name else {
            throw ControlError(.refused, "the model \(id) is in use already")
        }
        var deed = "promoted"
        if request.force == true {
            deed += " without trying the stored attacks on it"
        } else if let champion {
            try await requireCanaries(of: model, beside: champion)
            guard try life(of: saved.group).site?.name == champion.name else {
                throw ControlError(
                    .refused, "another model came into use meanwhile", hint: "see sluice model list")
            }
        }
        let now = clock.now
        try store.assign(.champion, to: id, note: "by hand", at: now)
        try store.note(
            "model", id, detail: Self.words(deed, of: saved.group), by: who, under: loaded.hash, at: now)
        use(model, in: saved.group, at: now)
        return ModelReport(try self.saved(id))
    }

    /// Tries the canaries on a model, beside the loop.
    private func requireCanaries(of model: SiteModel, beside champion: SiteModel) async throws {
        let shipped = engine.detector.shipped
        let flaw = try await LowPriority.run {
            Canaries.flaw(of: model, beside: champion, shipped: shipped)
        }
        guard let flaw else { return }
        throw ControlError(
            .refused, "the model \(model.name) would be blind to stored attacks: \(flaw)",
            hint: "with --force it is put in use all the same")
    }

    package func challenge(_ document: ModelDocument) async throws -> ModelReport {
        let now = clock.now
        let data = Array(document.data)
        let model = try readable(data)
        let group = document.group ?? model.group
        guard try life(of: group).site != nil else {
            throw ControlError(
                .refused, "there is no model in use yet that another one could be judged beside",
                hint: "wait until the agent has learned")
        }
        guard try store.models().allSatisfy({ $0.id != model.name }) else {
            throw ControlError(.refused, "a model named \(model.name) is there already")
        }
        try keep(
            model, of: group, data: data, as: .challenger,
            note: "imported; on trial once stored attacks were tried on it", at: now)
        try store.note(
            "model", model.name, detail: Self.words("imported", of: group), by: who, under: loaded.hash,
            at: now)
        // In place of what is on trial.
        engine.detector.endTrial(in: group)
        learners[group]?.untried = model
        return ModelReport(try saved(model.name))
    }

    private static func words(_ verb: String, of group: String?) -> String {
        verb + (group.map { " for the policy group \($0)" } ?? "")
    }

    /// The life of a group's own model, or of the shared one.
    private func life(of group: String?) throws(ControlError) -> ModelLife {
        guard let life = engine.detector.life(of: group) else {
            let names = engine.detector.lives.compactMap(\.group)
            throw ControlError(
                .refused, "no policy group \(group ?? "") has a model of its own here",
                hint: names.isEmpty
                    ? "give one `model: own` in the configuration"
                    : "those with one: \(names.joined(separator: ", "))")
        }
        return life
    }

    package func keys() async throws -> ModelKeys {
        ModelKeys(own: key.publicKey, trusted: configuration.models.trustedKeys)
    }

    package func judge(_ request: FeedbackRequest) async throws -> AlertReport {
        let now = clock.now
        let (id, feedback) = (request.alert, request.feedback)
        guard var alert = try store.alert(id: id) else {
            throw ControlError(.notFound, "there is no alert \(id)", hint: "sluice alerts lists them")
        }
        guard alert.feedback != feedback else { return AlertReport(alert) }
        if feedback == .bad, engine.policy.sanctions.contains(where: { $0.rule.id == alert.ruleID }) {
            _ = try await unban(RemoveRequest(prefixes: [alert.verdict.entity.prefix]))
        }
        try store.judge(id, as: feedback, by: who, under: loaded.hash, at: now)
        engine.detector.learn(from: alert.verdict, wasRight: feedback == .good, at: now)
        alert.feedback = feedback
        return AlertReport(alert)
    }

    private var who: String { Caller.current?.name ?? "operator" }

    private func saved(_ id: String) throws -> SavedModel {
        guard let model = try store.models().first(where: { $0.id == id }) else {
            throw ControlError(.notFound, "there is no model \(id)", hint: "sluice model list names them all")
        }
        return model
    }

    private func readable(_ data: [UInt8]) throws -> SiteModel {
        do {
            return try SiteModel(signed: data, trusting: Self.trustedKeys(configuration, own: key))
        } catch {
            throw ControlError(.refused, "\(error)")
        }
    }
}

extension Agent {
    /// Public keys of those whose models this agent takes.
    static func trustedKeys(_ configuration: Configuration, own key: SigningKey) -> Set<String> {
        Set(configuration.models.trustedKeys).union([key.publicKey])
    }
}

extension SiteModel {
    /// Reads a model file that one of these keys signed.
    init(signed data: [UInt8], trusting trusted: Set<String>) throws {
        let file = try ModelFile(data)
        try file.verify(trusting: trusted)
        try self.init(file: file)
    }
}

extension ModelReport {
    fileprivate init(_ model: SavedModel) {
        self.init(
            id: model.id, group: model.group, role: model.role.rawValue, trained: model.trained,
            since: model.since,
            note: model.note, size: model.data.count, trial: nil)
    }
}
