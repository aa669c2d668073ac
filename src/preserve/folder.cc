#include "preserve/folder.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "model/image_model.h"
#include "util/shown_text.h"
#include "util/text.h"

namespace eai::preserve {
namespace {

using model::GgufInfo;
using model::Task;

bool is_image(Task task) { return task == Task::image_generation || task == Task::image_edit; }

struct Listing {
  std::vector<std::string> names;  // of ordinary files, below the folder
  std::vector<std::string> hidden;
};

Result<void> list(const fs::path& folder, const std::string& prefix, Listing& out) {
  std::error_code error;
  fs::directory_iterator at(folder, error);
  for (; !error && at != fs::directory_iterator(); at.increment(error)) {
    const fs::directory_entry& entry = *at;
    const std::string name = prefix + entry.path().filename().string();
    if (entry.path().filename().string().starts_with('.')) {
      out.hidden.push_back(name);
      continue;
    }
    std::error_code unknown;
    const fs::file_status status = entry.symlink_status(unknown);
    if (unknown) return fail(Code::io, "reading " + entry.path().string() + ": " + unknown.message());
    if (fs::is_symlink(status)) {
      return fail(Code::invalid, printable(entry.path().string(), 400) +
                                     " is a link; put the file itself there (links are never followed)");
    }
    if (fs::is_directory(status)) {
      EAI_CHECK(list(entry.path(), name + "/", out));
    } else if (fs::is_regular_file(status)) {
      out.names.push_back(name);
    } else {
      return fail(Code::invalid, printable(entry.path().string(), 400) + " is neither a file nor a folder");
    }
  }
  if (error) return fail(Code::io, "reading the folder " + folder.string() + ": " + error.message());
  return {};
}

Failure missing_model(const Folder& folder, const Listing& listing) {
  std::string message = "the folder " + folder.path.string() + " holds no file \"" + folder.name +
                        "\": the model must have the folder's name, without an ending";
  for (const std::string& name : listing.names) {
    if (name.ends_with(".gguf")) {
      message += "; rename it: mv '" + printable((folder.path / name).string(), 400) + "' '" +
                 (folder.path / folder.name).string() + "'";
      break;
    }
  }
  const bool is_image = std::any_of(listing.names.begin(), listing.names.end(), [](const std::string& name) {
    return name == "model_index.json" || name.ends_with(".safetensors");
  });
  if (listing.names.empty()) message = "the folder " + folder.path.string() + " is empty";
  return fail(Code::invalid, message, is_image ? Hint::image_task : Hint::none);
}

// Whether tensors on the way into the model have its width. What the header says is not enough: of LLaVA it is the
// width of CLIP's own projection.
bool leads_into(const GgufInfo& projector, std::uint64_t width) {
  return std::any_of(projector.tensors.begin(), projector.tensors.end(), [&](const model::GgufTensor& tensor) {
    const bool on_the_way = tensor.name.starts_with("mm.") || tensor.name.starts_with("resampler.");
    return on_the_way && std::find(tensor.shape.begin(), tensor.shape.end(), width) != tensor.shape.end();
  });
}

Result<void> check_projector(const Folder& folder, const GgufInfo& model, const GgufInfo& projector) {
  const std::string name = model::projector_name(folder.name);
  if (!projector.is_projector) return fail(Code::invalid, name + " is a model, not a projector");
  const std::uint64_t given = projector.projection_length, wanted = model.embedding_length;
  if (given != 0 && given != wanted && !leads_into(projector, wanted)) {
    return fail(Code::invalid, name + " does not fit " + folder.name + ": it gives " + std::to_string(given) +
                                   " numbers, the model wants " + std::to_string(wanted));
  }
  return {};
}

bool looks_like_embedding(const GgufInfo& model) { return !model.causal || model.pooling.value_or(0) != 0; }

Result<void> settle_task(Folder& folder, std::optional<Task> task, const GgufInfo& model) {
  const bool embeds = looks_like_embedding(model);
  if (!task) {
    folder.task = embeds ? Task::embed : Task::chat;
    folder.note("task: " + std::string(model::name_of(folder.task)) + ", as its header says", Hint::set_task);
    return {};
  }
  folder.task = *task;
  if (*task == Task::chat && !model.causal) {
    return fail(Code::invalid, folder.name + " is an embedding model (" + model.architecture + ", not causal)",
                Hint::embedding_task);
  }
  if (*task == Task::embed && !embeds && !model.chat_template.empty()) {
    folder.note("its header names no pooling and has a chat template: it looks like a chat model");
  }
  return {};
}

std::string ram_text(double gb) {
  char text[32];
  std::snprintf(text, sizeof text, "ram: %.2f GB", gb);
  return text;
}

Result<void> open_text_model(Folder& folder, const Listing& listing, std::optional<Task> task) {
  const std::string projector = model::projector_name(folder.name);
  for (const std::string& name : listing.names) {
    if (name != folder.name && name != projector) folder.note("not sent: " + printable(name));
  }
  if (std::find(listing.names.begin(), listing.names.end(), folder.name) == listing.names.end()) {
    return missing_model(folder, listing);
  }
  for (const std::string& name : {folder.name, projector}) {
    if (std::find(listing.names.begin(), listing.names.end(), name) == listing.names.end()) continue;
    EAI_TRY(auto file, SourceFile::open(folder.path, name));
    EAI_TRY(auto info, read_header(*file, Header::needed));
    folder.files.push_back(std::move(file));
    folder.ggufs.push_back(std::move(info));
  }
  const GgufInfo& model = *folder.ggufs.front();
  if (model.split_count > 1) {
    return fail(Code::unsupported, folder.name + " is one of several files of a split model", Hint::join_split_model);
  }
  if (model.type == "adapter") return fail(Code::invalid, folder.name + " is an adapter for a model, not a model");
  if (model.is_projector) return fail(Code::invalid, folder.name + " is a projector, not a model");
  if (folder.files.size() > 1) EAI_CHECK(check_projector(folder, model, *folder.ggufs[1]));
  EAI_CHECK(settle_task(folder, task, model));
  if (!folder.ram_gb) {
    folder.ram_gb = estimate_ram_gb(model, folder.size());
    folder.note(ram_text(*folder.ram_gb) + ", estimated from its header", Hint::set_ram);
  }
  return {};
}

// That this program could not draw with it is no reason not to preserve it, but worth knowing.
void look_at_image_model(Folder& folder, const Said& said) {
  std::vector<model::ImageFile> files;
  for (const auto& file : folder.files) {
    auto read = [file](std::uint64_t offset, std::span<std::uint8_t> into) { return file->read(offset, into); };
    files.push_back({file->name(), file->size(), read});
  }
  const auto model = model::recognise_image_model(files, said.config_name, folder.task);
  if (!model) {
    folder.note("eai could not draw with it: " + printable(model.error().message, 300));
    return;
  }
  folder.note("it is a " + std::string(model::name_of(model->family)) + " model");
  if (folder.ram_gb) return;
  folder.ram_gb = std::ceil(static_cast<double>(model->weight_bytes()) / 1e7) / 100;
  folder.note(ram_text(*folder.ram_gb) + ", its weights alone", Hint::set_ram);
}

Result<void> open_image_model(Folder& folder, Listing& listing, const Said& said) {
  folder.task = *said.task;
  std::sort(listing.names.begin(), listing.names.end());
  if (listing.names.empty()) return missing_model(folder, listing);
  for (const std::string& name : listing.names) {
    if (!model::is_model_file(folder.name, folder.task, name)) {
      return fail(Code::invalid, "the name \"" + printable(name) + "\" is not fit for a model's file");
    }
    if (auto good = check_visible_name(name); !good) {
      return Failure(std::move(good).error().with("the name \"" + printable(name) + "\""));
    }
    EAI_TRY(auto file, SourceFile::open(folder.path, name));
    EAI_TRY(auto info, read_header(*file, Header::if_gguf));
    folder.files.push_back(std::move(file));
    folder.ggufs.push_back(std::move(info));
  }
  if (!said.lora) look_at_image_model(folder, said);
  return {};
}

}  // namespace

Result<std::optional<GgufInfo>> read_header(const SourceFile& file, Header header) {
  std::uint8_t magic[4] = {};
  const bool is_gguf = file.size() >= 4 && file.read(0, magic) && std::equal(magic, magic + 4, "GGUF");
  if (!is_gguf && header == Header::if_gguf) return std::optional<GgufInfo>();
  auto info = model::read_gguf(
      [&](std::uint64_t offset, std::span<std::uint8_t> into) { return file.read(offset, into); }, file.size());
  if (!info) return Failure(std::move(info).error().with(file.path().string()));
  return std::optional<GgufInfo>(*std::move(info));
}

std::uint64_t Folder::size() const {
  std::uint64_t sum = 0;
  for (const auto& file : files) sum += file->size();
  return sum;
}

double estimate_ram_gb(const GgufInfo& model, std::uint64_t file_bytes) {
  constexpr double k_context = 32768, k_batch = 512;
  const double context =
      model.context_length == 0 ? k_context : std::min(k_context, static_cast<double>(model.context_length));
  const auto number = [](std::uint64_t value) { return static_cast<double>(value); };
  const auto& layers = model.layers;
  const double width = number(layers.key_length) + number(layers.value_length);
  double key_values = 0;
  for (std::size_t layer = 0; layer < std::min<std::uint64_t>(model.block_count, 4096) && !layers.head_count_kv.empty();
       ++layer) {
    const std::size_t at = std::min(layer, layers.head_count_kv.size() - 1);
    key_values += number(layers.head_count_kv[at]) * width * 2 * context;
  }
  const double computing = k_batch * 4 * (number(model.vocabulary) + 8 * number(model.embedding_length));
  const double bytes = static_cast<double>(file_bytes) + key_values + computing;
  return std::ceil(bytes / 1e7) / 100;  // two digits
}

Result<Folder> open_folder(const fs::path& path, const Said& said) {
  Folder folder;
  std::error_code error;
  folder.path = fs::canonical(path, error);
  if (error) {
    const Code code = error == std::errc::no_such_file_or_directory ? Code::not_found : Code::io;
    return fail(code, "the folder " + path.string() + ": " + error.message());
  }
  if (!fs::is_directory(folder.path, error)) return fail(Code::invalid, path.string() + " is not a folder");
  folder.name = folder.path.filename().string();
  if (auto good = model::check_plain_name(folder.name); !good) {
    return Failure(std::move(good).error().with("the folder's name"));
  }
  if (auto good = check_visible_name(folder.name); !good) {
    return Failure(std::move(good).error().with("the folder's name \"" + printable(folder.name) + "\""));
  }
  folder.ram_gb = said.ram_gb;
  Listing listing;
  EAI_CHECK(list(folder.path, "", listing));
  if (!listing.hidden.empty()) {
    folder.note("not sent: " + std::to_string(listing.hidden.size()) + " hidden (" + printable(listing.hidden.front()) +
                (listing.hidden.size() > 1 ? ", …)" : ")"));
  }
  if (said.task && is_image(*said.task)) {
    EAI_CHECK(open_image_model(folder, listing, said));
  } else {
    EAI_CHECK(open_text_model(folder, listing, said.task));
  }
  return folder;
}

}  // namespace eai::preserve
