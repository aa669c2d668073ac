#include "preserve/folder.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "model/image_model.h"
#include "model/split_name.h"
#include "preserve/listing.h"
#include "preserve/understand.h"
#include "util/shown_text.h"
#include "util/text.h"

namespace eai::preserve {
namespace {

using model::GgufInfo;
using model::Task;

bool is_image(Task task) { return task == Task::image_generation || task == Task::image_edit; }

model::ImageFile image_file(std::shared_ptr<SourceFile> file) {
  const std::string name = file->name();
  const std::uint64_t size = file->size();
  return {name, size, [file = std::move(file)](std::uint64_t offset, std::span<std::uint8_t> into) {
            return file->read(offset, into);
          }};
}

// What is no GGUF although its name says so, or nothing at all.
Failure not_a_gguf(const SourceFile& file, Error why) {
  std::string start(60, '\0');
  start.resize(std::min<std::uint64_t>(start.size(), file.size()));
  if (file.read(0, {reinterpret_cast<std::uint8_t*>(start.data()), start.size()}) &&
      start.starts_with("version https://git-lfs.")) {
    return fail(Code::invalid, printable(file.path().string(), 400) +
                                   " is only a pointer of Git LFS to the file; get the file itself: git -C " +
                                   shell_word(file.path().parent_path().string()) + " lfs pull");
  }
  return Failure(std::move(why));
}

// A folder without a GGUF.
Failure missing_model(const Folder& folder, const Listing& listing) {
  const std::string where = "the folder " + printable(folder.path.string(), 400);
  if (listing.names.empty()) return fail(Code::invalid, where + " is empty");
  const bool has_weights = std::any_of(listing.names.begin(), listing.names.end(), [](const std::string& name) {
    return name == "model_index.json" || name.ends_with(".safetensors");
  });
  std::vector<model::ImageFile> files;
  for (const std::string& name : listing.names) {
    if (auto file = SourceFile::open(folder.path, name)) files.push_back(image_file(*std::move(file)));
  }
  const auto image = model::recognise_image_model(files, "", Task::image_generation);
  if (image) {
    return fail(Code::invalid, where + " holds a " + std::string(model::name_of(image->family)) + " image model",
                Hint::image_task);
  }
  if (!has_weights) {
    return fail(Code::invalid, where +
                                   " holds no GGUF file, so there is no model in it; put the model's GGUF there: mv " +
                                   "<model>.gguf " + shell_word(folder.path.string() + "/"));
  }
  return fail(Code::invalid,
              where +
                  " holds no GGUF file; a text model in safetensors becomes one with llama.cpp's "
                  "convert_hf_to_gguf.py " +
                  shell_word(folder.path.string()),
              Hint::image_task);
}

bool looks_like_embedding(const GgufInfo& model) { return !model.causal || model.pooling.value_or(0) != 0; }

Result<void> settle_task(Folder& folder, std::optional<Task> task, const GgufInfo& model, const std::string& file) {
  const bool embeds = looks_like_embedding(model);
  if (!task) {
    folder.task = embeds ? Task::embed : Task::chat;
    folder.note("task: " + std::string(model::name_of(folder.task)) + ", as its header says", Hint::set_task);
    return {};
  }
  folder.task = *task;
  if (*task == Task::chat && !model.causal) {
    return fail(Code::invalid, file + " is an embedding model (" + model.architecture + ", not causal)",
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

// The GGUFs of the folder, and the names of all other files.
struct Held {
  SourceFiles files;
  std::vector<HeldGguf> ggufs;  // of files
  std::vector<std::string> others;
};

Result<Held> open_ggufs(const Folder& folder, const Listing& listing) {
  Held out;
  for (const std::string& name : listing.names) {
    const bool called_so =
        name.ends_with(".gguf") || name == listing.name || name == model::projector_name(listing.name);
    auto file = SourceFile::open(folder.path, name);
    if (!file && called_so) return Failure(std::move(file).error());
    if (!file) {  // it would not be sent anyway
      out.others.push_back(name);
      continue;
    }
    auto info = read_header(**file, called_so ? Header::needed : Header::if_gguf);
    if (!info) return not_a_gguf(**file, std::move(info).error());
    const auto twin = std::find_if(out.files.begin(), out.files.end(), [&](const auto& o) { return o->is(**file); });
    if (!*info || twin != out.files.end()) {
      out.others.push_back(twin == out.files.end() ? name : name + " (the same file as " + (*twin)->name() + ")");
      continue;
    }
    out.ggufs.push_back({name, **std::move(info)});
    out.files.push_back(*std::move(file));
  }
  return out;
}

void note_others(Folder& folder, const std::vector<std::string>& others) {
  constexpr std::size_t k_shown = 6;
  if (others.empty()) return;
  std::string text = "not sent: ";
  for (std::size_t i = 0; i < others.size() && i < k_shown; ++i) text += (i == 0 ? "" : ", ") + printable(others[i]);
  if (others.size() > k_shown) text += " and " + std::to_string(others.size() - k_shown) + " more";
  folder.note(text);
}

// A GGUF of an image model, which a language model's header does not fit.
bool is_image_model(const std::shared_ptr<SourceFile>& file, const GgufInfo& info) {
  return info.block_count == 0 && model::recognise_image_model({image_file(file)}, "", Task::image_generation);
}

Result<void> take_text_model(Folder& folder, Held held, Named named, std::optional<Task> task) {
  EAI_TRY(const Understood understood, understand(folder.path, held.ggufs, named));
  const std::size_t first = understood.model.front();
  if (!task && is_image_model(held.files[first], held.ggufs[first].info)) {
    return fail(Code::invalid, printable(held.ggufs[first].name) + " is an image model", Hint::image_task);
  }
  for (const std::size_t i : understood.others) held.others.push_back(held.ggufs[i].name);
  std::sort(held.others.begin(), held.others.end());
  EAI_CHECK(settle_task(folder, task, held.ggufs[first].info, printable(held.ggufs[first].name)));
  const std::string description = describe(understood, held.ggufs, folder.task);
  folder.notes.insert(folder.notes.begin(), {"understood: " + description});
  note_others(folder, held.others);

  const auto add = [&](std::size_t i, const std::string& name) {
    held.files[i]->call(name);
    folder.files.push_back(std::move(held.files[i]));
    folder.ggufs.emplace_back(std::move(held.ggufs[i].info));
  };
  folder.pieces = understood.model.size();
  for (std::size_t i = 0; i < folder.pieces; ++i) {
    const auto number = static_cast<std::uint32_t>(i + 1), count = static_cast<std::uint32_t>(folder.pieces);
    add(understood.model[i], count == 1 ? folder.name : model::piece_name(folder.name, number, count));
  }
  if (understood.projector) add(*understood.projector, model::projector_name(folder.name));
  if (!folder.ram_gb) {
    folder.ram_gb = estimate_ram_gb(*folder.ggufs.front(), folder.size());
    folder.note(ram_text(*folder.ram_gb) + ", estimated from its header", Hint::set_ram);
  }
  return {};
}

Result<void> open_text_model(Folder& folder, const Listing& listing, std::optional<Task> task) {
  EAI_TRY(Held held, open_ggufs(folder, listing));
  if (held.ggufs.empty()) return missing_model(folder, listing);
  return take_text_model(folder, std::move(held), Named::folder, task);
}

// Of each piece, all that lie beside it.
std::vector<fs::path> with_all_pieces(const std::vector<fs::path>& files) {
  std::vector<fs::path> out;
  for (const fs::path& file : files) {
    out.push_back(file);
    const auto piece = model::parse_piece_name(file.filename().string());
    for (std::uint32_t number = 1; piece && number <= piece->count; ++number) {
      const fs::path other = file.parent_path() / model::piece_name(piece->stem, number, piece->count);
      std::error_code none;
      if (other != file && fs::exists(other, none)) out.push_back(other);
    }
  }
  return out;
}

Result<Held> open_named(const std::vector<fs::path>& files) {
  Held out;
  for (const fs::path& path : with_all_pieces(files)) {
    const fs::path above = path.parent_path();
    EAI_TRY(auto file, SourceFile::open(above.empty() ? "." : above, path.filename().string()));
    if (std::ranges::any_of(out.files, [&](const auto& other) { return other->is(*file); })) continue;
    auto info = read_header(*file, Header::needed);
    if (!info) return not_a_gguf(*file, std::move(info).error());
    out.ggufs.push_back({file->name(), **std::move(info)});
    out.files.push_back(std::move(file));
  }
  return out;
}

std::string name_of_file(const fs::path& file) {
  const std::string name = file.filename().string();
  if (const auto piece = model::parse_piece_name(name)) return piece->stem;
  return name.ends_with(".gguf") ? name.substr(0, name.size() - 5) : name;
}

// "Qwen3-1.7B" of "Qwen3 1.7B": what can be typed without quotes.
std::string name_in_header(const GgufInfo& info) {
  std::string out;
  for (const char c : info.name) {
    const bool plain = (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '.' ||
                       c == '_' || c == '+' || static_cast<unsigned char>(c) >= 0x80;
    if (plain) out += c;
    if (!plain && !out.empty() && out.back() != '-') out += '-';
  }
  while (out.ends_with('-')) out.pop_back();
  return out.substr(std::min(out.find_first_not_of('.'), out.size()));
}

Result<void> check_name(const std::string& name) {
  if (name.empty()) return fail_about("name", Code::invalid, "nothing says what the model is called");
  auto good = model::check_plain_name(name);
  if (good) good = check_visible_name(name);
  if (good) return {};
  Error error = std::move(good).error().with("the name \"" + printable(name) + "\"");
  error.about = "name";
  return Failure(std::move(error));
}

// That this program could not draw with it is no reason not to preserve it, but worth knowing.
void look_at_image_model(Folder& folder, const Said& said) {
  std::vector<model::ImageFile> files;
  for (const auto& file : folder.files) files.push_back(image_file(file));
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

Result<void> open_image_model(Folder& folder, const Listing& listing, const Said& said) {
  folder.task = *said.task;
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
  EAI_TRY(const Listing listing, list_folder(path));
  Folder folder;
  folder.path = listing.path;
  folder.name = said.name.value_or(listing.name);
  EAI_CHECK(check_name(folder.name));
  folder.ram_gb = said.ram_gb;
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

Result<Folder> open_files(const std::vector<fs::path>& files, FileNames names, const Said& said) {
  if (said.task && is_image(*said.task))
    return fail(Code::invalid, "an image model is taken as a folder, in which all of its files lie");
  EAI_TRY(Held held, open_named(files));
  Folder folder;
  std::error_code none;
  folder.path = fs::absolute(files.front(), none).parent_path();
  folder.name = said.name.value_or(names == FileNames::theirs ? name_of_file(files.front())
                                                              : name_in_header(held.ggufs.front().info));
  EAI_CHECK(check_name(folder.name));
  folder.ram_gb = said.ram_gb;
  EAI_CHECK(take_text_model(folder, std::move(held), Named::files, said.task));
  return folder;
}

}  // namespace eai::preserve
