import Configuration
import Detection
import Engine
import Models
import Signing
import Store
import Traffic

/// Learning: the first model of this site, and then again and again the next one.
///
/// A new model takes over only by what it does: it must find every canary that the model in use finds, and then judges beside
/// it for `learn.trial` without raising more alarms.
extension Agent {
    /// Rows of one recording, in each view: 272 bytes each.
    private static let recordedRows = 5_000

    /// Tells progress, and trains when enough has been learned: the shared model, and those of groups with their own.
    func learn(at now: Timestamp) {
        for group in engine.detector.lives.map(\.group) { learn(group, at: now) }
    }

    private func learn(_ group: String?, at now: Timestamp) {
        guard let life = engine.detector.life(of: group) else { return }
        switch life.phase {
        case .learning(let fraction):
            tellProgress(fraction, of: group)
        case .readyToTrain where training == nil:
            tellProgress(1, of: group)
            guard let set = engine.detector.trainingSet(of: group) else { return }
            learners[group]?.recordingStarted = now - set.learned
            save(recording: set, at: now)
            let kind = ModelKind(configuration.modelKind(of: group))
            train(group) { (try Trainer.train(set, kind: kind, seed: 1), nil) }
        case .readyToTrain:
            break
        case .watching:
            record(group, at: now)
            if training == nil {
                if let model = learners[group]?.untried {
                    tryCanaries(on: model, in: life)
                } else if life.isReadyToRetrain {
                    retrain(life, at: now)
                }
            }
            judgeTrial(of: life, at: now)
        }
    }

    /// Works on a group's models in the background, since that takes seconds; `finish` gets what came of it, unless the
    /// agent has stopped or the group has gone meanwhile.
    private func work<Value: Sendable>(
        for group: String?, _ body: @escaping @Sendable () throws -> Value,
        finish: @escaping @Sendable (isolated Agent, Result<Value, any Error>, ModelLife) -> Void
    ) {
        training = Task.detached { [weak self] in
            let result: Result<Value, any Error>
            do {
                result = .success(try await LowPriority.run(body))
            } catch {
                result = .failure(error)
            }
            await self?.end(result, of: group, finish: finish)
        }
    }

    private func end<Value: Sendable>(
        _ result: Result<Value, any Error>, of group: String?,
        finish: @Sendable (isolated Agent, Result<Value, any Error>, ModelLife) -> Void
    ) {
        training = nil
        guard !Task.isCancelled, let life = engine.detector.life(of: group) else { return }
        finish(self, result, life)
    }

    /// Trains a model; `body` also says why the result is of no use, if it is not.
    private func train(_ group: String?, _ body: @escaping @Sendable () throws -> (SiteModel, String?)) {
        let started = clock.now
        work(for: group, body) { $0.finishTraining($1, of: $2, since: started) }
    }

    private func finishTraining(
        _ result: Result<(SiteModel, String?), any Error>, of life: ModelLife, since: Timestamp
    ) {
        let (group, now) = (life.group, clock.now)
        do {
            var (model, flaw) = try result.get()
            if life.site == nil, flaw == nil {
                use(model, in: group, at: now)
                attempt("store") { try keep(model, of: group, as: .champion, note: "the first", at: now) }
                tell(.learned(model: model.name, seconds: (now - since).seconds))
                note(model.name, "is the first of this site and is in use now", at: now)
            } else {
                // What an operator imported meanwhile comes first.
                if let other = learners[group]?.untried { flaw = flaw ?? "replaced by \(other.name)" }
                if flaw != nil { engine.detector.learnAnew(in: group) }
                putOnTrial(model, in: group, unless: flaw, at: now) { role, note in
                    try keep(model, of: group, as: role, note: note, at: now)
                }
            }
            settle(Learner.subject(of: group))
        } catch {
            engine.detector.learnAnew(in: group)
            learners[group]?.toldProgress = 0
            let whose =
                group.map { " for the policy group \($0), which the shared one goes on to judge" } ?? ""
            complain(
                Learner.subject(of: group), "no model was learned\(whose), and learning goes on: \(error)")
        }
    }

    /// Trains the next model on what was recorded of late, and tries the canaries on it.
    private func retrain(_ life: ModelLife, at now: Timestamp) {
        let (detector, group) = (engine.detector, life.group)
        guard let latest = detector.trainingSet(of: group), let champion = life.site else { return }
        let shipped = detector.shipped
        let maximumRows = life.maximumRows
        save(recording: latest, at: now)
        let memory = now - configuration.learn.memory
        let files = (try? store.recordings(after: memory, of: group)) ?? []
        let kind = ModelKind(configuration.modelKind(of: group))
        let version = UInt64((try? store.models().count) ?? 0) + 1
        train(group) {
            // Recordings of another version's features are of no use any more, and no error.
            let earlier = files.compactMap { try? TrainingSet(file: ModelFile($0.data), shipped: shipped) }
            var set = TrainingSet(
                merging: earlier.isEmpty ? [latest] : earlier, maximumRows: maximumRows, shipped: shipped)
            set.outdated.recordings = files.count - earlier.count
            let model = try Trainer.train(set, kind: kind, seed: version)
            return (model, Canaries.flaw(of: model, beside: champion, shipped: shipped))
        }
    }

    /// Tries the canaries on a model that was not trained just now, and puts it on trial if it finds them.
    private func tryCanaries(on model: SiteModel, in life: ModelLife) {
        guard let champion = life.site else { return }
        let (group, shipped) = (life.group, engine.detector.shipped)
        work(for: group) {
            Canaries.flaw(of: model, beside: champion, shipped: shipped)
        } finish: { agent, result, life in
            // Another one may have come into use, or be waiting, by now.
            guard agent.learners[group]?.untried?.name == model.name, life.site?.name == champion.name,
                case .success(let flaw) = result
            else { return }
            let now = agent.clock.now
            agent.learners[group]?.untried = nil
            agent.putOnTrial(model, in: group, unless: flaw, at: now) { role, note in
                try agent.store.assign(role, to: model.name, note: note, at: now)
            }
        }
    }

    /// Has a model judge beside the one in use, unless there is a `flaw` in it, and keeps which of both it was.
    private func putOnTrial(
        _ model: SiteModel, in group: String?, unless flaw: String?, at now: Timestamp,
        keep: (_ role: SavedModel.Role, _ note: String) throws -> Void
    ) {
        if flaw == nil { engine.detector.challenge(with: model, in: group) }
        attempt("store") { try keep(flaw == nil ? .challenger : .rejected, flaw ?? "on trial") }
        tell(of: model.name, flaw.map(TrialStep.failed) ?? .began, at: now)
    }

    /// Writes down once an hour what was collected for the next model.
    private func record(_ group: String?, at now: Timestamp) {
        guard learners[group]?.isRecordingDue(at: now) == true,
            let set = engine.detector.trainingSet(of: group)
        else { return }
        save(recording: set, ends: false, at: now)
    }

    /// Writes windows down; what comes after is another recording, unless this one goes on.
    private func save(recording set: TrainingSet, ends: Bool = true, at now: Timestamp) {
        let started = learners[set.group]?.recordingStarted ?? now
        learners[set.group]?.recordingSaved = now
        if ends { learners[set.group]?.recordingStarted = nil }
        attempt("recording") {
            let part = TrainingSet(
                merging: [set], maximumRows: Self.recordedRows, shipped: engine.detector.shipped)
            try store.save(recording: part.file.bytes, of: set.group, started: started, ended: now)
            try store.pruneRecordings(before: now - configuration.learn.memory)
        }
    }

    private func judgeTrial(of life: ModelLife, at now: Timestamp) {
        guard let trial = life.trial else { return }
        switch trial.outcome {
        case .running:
            break
        case .passed:
            let note =
                "passed its trial: \(trial.alarms) alarms without evidence, the one before \(trial.championAlarms)"
            use(trial.model, in: life.group, at: now)
            attempt("store") { try store.assign(.champion, to: trial.model.name, note: note, at: now) }
            tell(of: trial.model.name, .passed, at: now)
        case .failed(let reason):
            engine.detector.endTrial(in: life.group)
            engine.detector.learnAnew(in: life.group)
            attempt("store") { try store.assign(.rejected, to: trial.model.name, note: reason, at: now) }
            tell(of: trial.model.name, .failed(reason), at: now)
        }
    }

    /// Tells what happens to a model on probation, and keeps it in the audit trail: it decides who is judged by what.
    private func tell(of model: String, _ step: TrialStep, at now: Timestamp) {
        tell(.trial(model: model, step))
        note(model, step.sentence, at: now)
    }

    private func note(_ model: String, _ words: String, at now: Timestamp) {
        attempt("store") {
            try store.note("model", model, detail: words, by: "agent", under: loaded.hash, at: now)
        }
    }

    /// Judges a group (`nil`: all without a model of their own) by `model` from now on.
    func use(_ model: SiteModel, in group: String?, at now: Timestamp) {
        engine.detector.adopt(model, in: group)
        learners[group]?.trained = now
        if learners[group]?.untried?.name == model.name { learners[group]?.untried = nil }
    }

    /// Keeps a model that was trained here, signed.
    private func keep(
        _ model: SiteModel, of group: String?, as role: SavedModel.Role, note: String, at now: Timestamp
    ) throws {
        try keep(
            model, of: group, data: model.file.signed(by: key).bytes, as: role, note: note, at: now)
    }

    /// Keeps a model with the signature that its file has.
    func keep(
        _ model: SiteModel, of group: String?, data: [UInt8], as role: SavedModel.Role, note: String,
        at now: Timestamp
    ) throws {
        try store.save(
            SavedModel(
                id: model.name, group: group, trained: now, role: role, since: now, note: note,
                metadata: Self.metadata(of: model), data: data))
    }

    /// The file's header as JSON: short words and numbers, in which nothing needs escaping.
    private static func metadata(of site: SiteModel) -> String {
        let pairs = site.file.metadata.sorted { $0.key < $1.key }.map { "\"\($0.key)\":\"\($0.value)\"" }
        return "{\(pairs.joined(separator: ","))}"
    }
}
