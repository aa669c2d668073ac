#include "engine/llama_launch.h"

#include <algorithm>

#include <fcntl.h>
#include <sys/stat.h>

#include "engine/kv_cache.h"
#include "engine/llama_options.h"
#include "model/split_name.h"
#include "util/text.h"

namespace eai::engine {

namespace {

constexpr std::uint32_t k_default_context = 32768;
constexpr std::uint32_t k_default_whole_batch = 8192;  // where the whole input must fit one batch
constexpr std::uint32_t k_smallest_context = 256;
constexpr std::uint32_t k_usual_batch = 512;
constexpr std::uint32_t k_whole_batch = 2048;
constexpr std::uint32_t k_default_slots = 4;
constexpr std::uint32_t k_pooling_last = 3, k_pooling_rank = 4;
constexpr std::uint64_t k_process_base = 13 * k_mib;
constexpr std::uint64_t k_cache_ram_least = 16 * k_mib, k_cache_ram_most = k_gib;
constexpr std::uint64_t k_in_transit = 64 * k_mib;

// Bytes of one number, in blocks of 32 with their scales where it is quantised.
double bytes_of_type(std::string_view type) {
  struct Type {
    std::string_view name;
    double bytes;
  };
  static constexpr Type k_types[] = {{"f32", 4},         {"q8_0", 34. / 32}, {"q5_1", 24. / 32},  {"q5_0", 22. / 32},
                                     {"q4_1", 20. / 32}, {"q4_0", 18. / 32}, {"iq4_nl", 18. / 32}};
  for (const Type& one : k_types)
    if (one.name == type) return one.bytes;
  return 2;  // f16, bf16
}

// What a user's engine options change in a launch.
void take_options(Launch& launch, const std::vector<std::string>& arguments) {
  if (const auto batch = parse_u64(value_of(arguments, "--ubatch-size")); batch && *batch > 0 && *batch < (1U << 20))
    launch.batch = static_cast<std::uint32_t>(*batch);
  launch.key_bytes = bytes_of_type(value_of(arguments, "--cache-type-k"));
  launch.value_bytes = bytes_of_type(value_of(arguments, "--cache-type-v"));
  launch.whole_window = std::ranges::find(arguments, "--swa-full") != arguments.end();
}

std::uint64_t process_bytes(const model::GgufInfo& info) {
  // The vocabulary's pieces, with their maps, take about 160 bytes each in the engine.
  return add_saturating(k_process_base, std::min<std::uint64_t>(info.vocabulary, 4'000'000) * 160);
}

// The projector computes one picture at a time; its buffers take about a quarter of its weights, and at least this much.
std::uint64_t projector_bytes(const model::GgufInfo& projector, const PictureSizes& pictures) {
  const std::uint64_t buffers = std::max<std::uint64_t>(projector.tensor_bytes / 4, 8 * k_mib);
  return add_saturating(add_saturating(projector.tensor_bytes, buffers), picture_bytes(pictures));
}

Result<model::GgufInfo> header(const fs::path& path, std::string_view role) {
  auto info = read_gguf_file(path);
  if (!info) return Failure(std::move(info).error().with(role));
  info->tensors.clear();
  return std::move(*info);
}

// What the header of the first piece says, with the weights of all pieces.
Result<model::GgufInfo> header_of_model(const fs::path& path) {
  EAI_TRY(model::GgufInfo info, header(path, "the model's file"));
  if (info.split_count < 2) return info;
  const std::vector<fs::path> pieces = pieces_of(path);
  if (info.split_number != 0 || pieces.size() != info.split_count) {
    return fail(Code::invalid, path.string() + " is the piece " + std::to_string(info.split_number + 1) + " of " +
                                   std::to_string(info.split_count) +
                                   "; name the first one, which is called <name>-00001-of-" +
                                   model::piece_name("", 1, static_cast<std::uint32_t>(info.split_count)).substr(10) +
                                   ", with the others beside it");
  }
  for (std::size_t i = 1; i < pieces.size(); ++i) {
    EAI_TRY(const model::GgufInfo piece, header(pieces[i], "a piece of the model"));
    if (piece.split_count != info.split_count || piece.split_number != i) {
      return fail(Code::invalid, pieces[i].string() + " is not the piece " + std::to_string(i + 1) + " of this model");
    }
    info.tensor_bytes = add_saturating(info.tensor_bytes, piece.tensor_bytes);
    info.parameters = add_saturating(info.parameters, piece.parameters);
  }
  return info;
}

// A token stands for no more bytes than the longest one has. Some tokenizers drop blanks and take a whole unknown word for
// one token; what they get is only bounded.
std::uint64_t text_limit(const model::GgufInfo& info, const Launch& launch) {
  const bool keeps_all = info.tokenizer == "gpt2" || info.tokenizer == "llama";
  const std::uint64_t longest = std::min<std::uint64_t>(info.longest_token, k_kib);
  return launch.context * (keeps_all && longest > 0 ? longest : k_kib);
}

// The workers hold layers, context and the buffers of a step. What stays here is the table of the vocabulary's vectors, and
// what travels between the machines.
void leave_to_workers(Inspection& found, std::size_t workers) {
  const model::GgufInfo& info = found.info;
  const double table = static_cast<double>(info.vocabulary) * static_cast<double>(info.embedding_length);
  const double share = info.parameters == 0 ? 1 : std::min(1.0, table / static_cast<double>(info.parameters));
  found.memory.weights = static_cast<std::uint64_t>(static_cast<double>(info.tensor_bytes) * share);
  found.memory.context = 0;
  found.memory.compute = std::min(found.memory.compute, k_in_transit);
  found.memory.note = (workers == 1 ? std::string("a worker holds") : std::to_string(workers) + " workers hold") +
                      " layers and context";
}

}  // namespace

std::uint32_t logical_batch(const ModelSpec& spec, const Launch& launch) {
  return spec.task == model::Task::embed ? launch.batch : std::max(launch.batch, k_whole_batch);
}

Launch plan_launch(const ModelSpec& spec, const model::GgufInfo& info) {
  Launch launch;
  const bool embeds = spec.task == model::Task::embed;
  // Pooling over all tokens needs the whole input in one batch. If only the last token counts, the engine can work in steps.
  const bool whole = embeds && info.pooling.value_or(0) != k_pooling_last;
  const std::uint64_t trained = info.context_length == 0 ? k_default_context : info.context_length;
  const std::uint64_t usual = std::min<std::uint64_t>(trained, whole ? k_default_whole_batch : k_default_context);
  const std::uint64_t wanted = spec.context_length == 0 ? usual : spec.context_length;
  launch.context = static_cast<std::uint32_t>(std::max<std::uint64_t>(wanted, k_smallest_context));
  launch.slots = spec.parallel == 0 ? k_default_slots : spec.parallel;
  launch.batch = whole ? std::max(launch.context, k_usual_batch) : k_usual_batch;
  take_options(launch, spec.extra_arguments);
  launch.outputs = embeds ? logical_batch(spec, launch) : launch.slots;
  launch.ranks = embeds && info.pooling == k_pooling_rank;
  launch.alias = spec.folder_name;
  return launch;
}

MemoryEstimate estimate_memory(const model::GgufInfo& info, const Launch& launch) {
  MemoryEstimate memory;
  memory.weights = info.tensor_bytes;
  memory.context = context_bytes(info, launch);
  memory.compute = compute_bytes(info, launch);
  memory.prompt_cache = launch.cache_ram;
  memory.process = process_bytes(info);
  return memory;
}

Result<model::GgufInfo> read_gguf_file(const fs::path& path) {
  EAI_TRY(const UniqueFd file, open_file(path, O_RDONLY));
  struct stat info {};
  if (::fstat(file.get(), &info) != 0) return fail_errno(path.string(), errno);
  if (!S_ISREG(info.st_mode)) return fail(Code::invalid, path.string() + " is not a file");
  const auto read = [&](std::uint64_t offset, std::span<std::uint8_t> into) {
    return read_at(file.get(), offset, into);
  };
  auto gguf = model::read_gguf(read, static_cast<std::uint64_t>(info.st_size));
  if (!gguf) return Failure(std::move(gguf).error().with(path.string()));
  return gguf;
}

std::vector<fs::path> pieces_of(const fs::path& gguf) {
  const auto piece = model::parse_piece_name(gguf.filename().string());
  if (!piece || piece->number != 1) return {gguf};
  std::vector<fs::path> out;
  for (std::uint32_t number = 1; number <= piece->count; ++number) {
    out.push_back(gguf.parent_path() / model::piece_name(piece->stem, number, piece->count));
  }
  return out;
}

Result<Inspection> inspect_llama_model(const ModelSpec& spec) {
  Inspection found;
  EAI_TRY(found.info, header_of_model(spec.gguf));
  if (found.info.is_projector) return fail(Code::invalid, spec.gguf.string() + " is an image projector, not a model");
  const std::string given_template(value_of(spec.extra_arguments, "--chat-template"));
  const std::string& chat_template = given_template.empty() ? found.info.chat_template : given_template;
  found.tools = chat_template.find("tools") != std::string::npos;
  found.launch = plan_launch(spec, found.info);
  found.text_limit = text_limit(found.info, found.launch);
  const std::uint64_t cache = context_bytes(found.info, found.launch) / 2;
  const bool chats = spec.task == model::Task::chat;
  found.launch.cache_ram = chats ? std::clamp(cache, k_cache_ram_least, k_cache_ram_most) / k_mib * k_mib : 0;
  if (const auto given = parse_u64(value_of(spec.extra_arguments, "--cache-ram")); given && *given < (1U << 24))
    found.launch.cache_ram = *given * k_mib;
  found.memory = estimate_memory(found.info, found.launch);
  if (!spec.workers.empty()) leave_to_workers(found, spec.workers.size());
  if (spec.projector) {
    EAI_TRY(const auto projector, header(*spec.projector, "the projector's file"));
    if (!projector.is_projector) return fail(Code::invalid, spec.projector->string() + " is not an image projector");
    found.sees = projector.sees;
    if (found.sees) found.pictures = picture_sizes(projector);
    found.memory.projector = projector_bytes(projector, found.pictures);
  }
  for (const Adapter& adapter : spec.adapters) {
    EAI_TRY(const auto info, header(adapter.gguf, "an adapter's file"));
    found.memory.companions = add_saturating(found.memory.companions, info.tensor_bytes);
  }
  if (spec.draft) {
    EAI_TRY(const auto info, header(*spec.draft, "the draft model's file"));
    const MemoryEstimate draft = estimate_memory(info, found.launch);
    for (const std::uint64_t part : {draft.weights, draft.context, draft.compute})
      found.memory.companions = add_saturating(found.memory.companions, part);
  }
  return found;
}

}  // namespace eai::engine
