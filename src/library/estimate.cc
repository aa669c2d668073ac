#include "library/estimate.h"

#include "engine/kind.h"
#include "engine/llama_launch.h"
#include "engine/measured.h"
#include "engine/pool.h"
#include "engine/worker.h"
#include "library/plan.h"
#include "preserve/folder.h"
#include "store/file_names.h"
#include "util/text.h"

namespace eai::library {
namespace {

constexpr std::uint32_t k_least_context_offered = 2048;

// Opening a pipe or a device could wait for ever.
Result<void> check_is_file(const fs::path& path) {
  std::error_code wrong;
  const fs::file_status status = fs::status(path, wrong);
  if (status.type() == fs::file_type::not_found)
    return fail(Code::not_found, "there is no file " + printable(path.string()));
  if (wrong) return fail_errno(printable(path.string()), wrong.value());
  if (fs::is_regular_file(status)) return {};
  return fail(Code::invalid, printable(path.string()) + " is not a file; name the GGUF file itself");
}

// Which of its files are the model and its projector, as in preserving.
Result<Subject> folder_subject(const std::string& path, Subject out) {
  EAI_TRY(const preserve::Folder folder, preserve::open_folder(path, {}));
  out.name = printable(folder.name);
  out.understood = folder.notes.front().text;
  out.spec.gguf = folder.files.front()->path();
  out.spec.task = folder.task;
  if (folder.files.size() > folder.pieces) out.spec.projector = folder.files.back()->path();
  return out;
}

Result<Subject> file_subject(const std::string& file, const std::string& projector, const ServeSettings& settings) {
  Subject out{printable(fs::path(file).filename().string()), {}};
  out.spec.context_length = static_cast<std::uint32_t>(settings.context_length);
  out.spec.parallel = static_cast<std::uint32_t>(settings.parallel);
  EAI_TRY(out.spec.workers, engine::parse_workers(settings.engines.workers));
  std::error_code none;
  if (fs::is_directory(file, none)) {
    EAI_TRY(out, folder_subject(file, std::move(out)));
  } else {
    EAI_CHECK(check_is_file(file));
    EAI_TRY(const model::GgufInfo info, engine::read_gguf_file(file));
    out.spec.gguf = file;
    const bool embeds = info.pooling.value_or(0) != 0 || !info.causal;
    out.spec.task = embeds ? model::Task::embed : model::Task::chat;
  }
  if (!projector.empty()) {
    EAI_CHECK(check_is_file(projector));
    out.spec.projector = projector;
  }
  return out;
}

Result<Subject> stored_subject(const Library& library, const Asked& asked, const std::string& projector,
                               const ServeSettings& settings) {
  const store::Model* model = library.stored(asked.id);
  if (model == nullptr) return not_here(asked, Hint::download_or_file);
  if (!projector.empty()) {
    return fail(Code::invalid, "a projector goes with a GGUF file; " + asked.label + " has its own if it sees");
  }
  EAI_TRY(engine::ModelSpec spec, spec_of(library, settings, *model));
  return Subject{asked.label, std::move(spec)};
}

std::uint32_t smaller_context(engine::ModelSpec spec, const Estimate& estimate) {
  for (std::uint32_t length = estimate.found.launch.context / 2; length >= k_least_context_offered; length /= 2) {
    spec.context_length = length;
    const auto smaller = engine::kind_of(spec.task).inspect(spec, {});
    if (smaller && estimate.budget.fits(smaller->memory.total())) return length;
  }
  return 0;
}

}  // namespace

Result<std::vector<Subject>> subjects_of(const EstimateRequest& request, const ServeSettings& settings,
                                         const Folders& folders) {
  std::vector<Subject> out;
  for (const std::string& file : request.files) {
    EAI_TRY(Subject subject, file_subject(file, request.projector, settings));
    out.push_back(std::move(subject));
  }
  if (request.models.empty() && request.hashes.empty()) return out;
  EAI_TRY(const Library library, Library::open(folders));
  EAI_TRY(const std::vector<Asked> asked, resolve_all(library, request.models, request.hashes, Typed::here));
  for (const Asked& one : asked) {
    EAI_TRY(Subject subject, stored_subject(library, one, request.projector, settings));
    out.push_back(std::move(subject));
  }
  return out;
}

Result<Estimate> estimate(const Subject& subject, const ServeSettings& settings, const Folders& folders) {
  Estimate out;
  engine::PoolOptions options;
  options.memory_budget = settings.memory_limit;
  if (const auto engines = find_engines(settings.engines, folders)) options.devices = devices_of(*engines);
  out.budget = engine::budget_of(options);
  auto found = engine::kind_of(subject.spec.task).inspect(subject.spec, options.devices);
  if (!found) return Failure(std::move(found).error().with(subject.name));
  out.found = *std::move(found);
  const engine::Measured measured(store::HomePaths{folders.home}.measured());
  if (!subject.spec.id.empty() && !out.budget.on_device) {
    out.measured = measured.peak(engine::Measured::key_of(subject.spec, out.found.launch));
  }
  if (!out.fits()) out.context_that_fits = smaller_context(subject.spec, out);
  return out;
}

}  // namespace eai::library
