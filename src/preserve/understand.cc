#include "preserve/understand.h"

#include <algorithm>
#include <set>

#include "model/split_name.h"
#include "util/text.h"

namespace eai::preserve {
namespace {

using model::GgufInfo;
using Places = std::vector<std::size_t>;

constexpr std::size_t k_commands_shown = 3;

enum class Kind { model, piece, projector, adapter, other };

Kind kind_of(const GgufInfo& info) {
  if (info.split_count > 1) return Kind::piece;
  if (info.is_projector) return Kind::projector;
  if (info.type == "adapter") return Kind::adapter;
  const bool is_model = (info.type.empty() || info.type == "model") && !info.tensors.empty();
  return is_model && info.architecture != "controlvector" ? Kind::model : Kind::other;
}

std::string joined(const std::vector<std::string>& words) {
  std::string out;
  for (std::size_t i = 0; i < words.size(); ++i) {
    out += (i == 0 ? "" : i + 1 == words.size() ? " and " : ", ") + words[i];
  }
  return out;
}

std::string details(const GgufInfo& info) {
  std::string out = printable(info.architecture, 40);
  if (!info.quantization.empty()) out += (out.empty() ? "" : ", ") + info.quantization;
  return out;
}

// Works on one folder: its files, and messages about them.
class Reading {
 public:
  Reading(const fs::path& folder, Named named, const std::vector<HeldGguf>& ggufs)
      : folder_(folder), named_(named), ggufs_(ggufs) {}

  Result<Understood> run() {
    Places projectors;
    std::vector<Places> models;
    for (std::size_t i = 0; i < ggufs_.size(); ++i) {
      switch (kind_of(info(i))) {
        case Kind::model:
          models.push_back({i});
          break;
        case Kind::piece:
          add_piece(models, i);
          break;
        case Kind::projector:
          projectors.push_back(i);
          break;
        case Kind::adapter:
        case Kind::other:
          out_.others.push_back(i);
          break;
      }
    }
    take_in_renamed_pieces(models);
    if (models.empty()) return no_model(projectors);
    if (models.size() > 1) return several_models(models);
    if (projectors.size() > 1) return several_projectors(projectors);
    out_.model = std::move(models.front());
    if (info(out_.model.front()).split_count > 1) EAI_CHECK(check_pieces());
    if (!projectors.empty()) {
      out_.projector = projectors.front();
      EAI_CHECK(check_projector());
    }
    return std::move(out_);
  }

 private:
  const GgufInfo& info(std::size_t i) const { return ggufs_[i].info; }
  std::string name(std::size_t i) const { return printable(ggufs_[i].name); }
  std::string stem(std::size_t i) const {
    const auto piece = model::parse_piece_name(ggufs_[i].name);
    return piece ? piece->stem : std::string();
  }
  bool same_split(std::size_t a, std::size_t b) const {
    return info(a).split_count > 1 && info(a).split_count == info(b).split_count &&
           info(a).split_tensors == info(b).split_tensors;
  }

  void add_piece(std::vector<Places>& models, std::size_t i) const {
    for (Places& one : models) {
      if (same_split(one.front(), i) && stem(one.front()) == stem(i)) return one.push_back(i);
    }
    models.push_back({i});
  }

  // Pieces whose names say nothing belong to the only model that has as many.
  void take_in_renamed_pieces(std::vector<Places>& models) const {
    const auto renamed = std::find_if(models.begin(), models.end(), [&](const Places& one) {
      return info(one.front()).split_count > 1 && stem(one.front()).empty();
    });
    if (renamed == models.end()) return;
    const auto fits = [&](const Places& one) { return &one != &*renamed && same_split(one.front(), renamed->front()); };
    const auto other = std::find_if(models.begin(), models.end(), fits);
    if (other == models.end() || std::find_if(other + 1, models.end(), fits) != models.end()) return;
    other->insert(other->end(), renamed->begin(), renamed->end());
    models.erase(renamed);
  }

  std::string place(std::size_t i) const { return shell_word((folder_ / ggufs_[i].name).string()); }

  // Of a model: beside this one, with the name of its file.
  fs::path own_folder(const Places& model) const {
    const fs::path file = fs::path(ggufs_[model.front()].name).filename();
    const auto piece = model::parse_piece_name(file.string());
    return folder_.parent_path() / (piece ? piece->stem : file.stem().string());
  }

  std::string command_for(const Places& model) const {
    const fs::path own = own_folder(model);
    std::string command = "mkdir " + shell_word(own.string()) + " && mv";
    for (const std::size_t i : model) command += " " + place(i);
    return command + " " + shell_word(own.string() + "/");
  }

  Failure several_models(const std::vector<Places>& models) const {
    std::vector<std::string> words;
    bool pieces = false;
    for (const Places& one : models) {
      const GgufInfo& first = info(one.front());
      pieces = pieces || first.split_count > 1;
      std::vector<std::string> names;
      for (const std::size_t i : one) names.push_back(name(i));
      words.push_back(joined(names) + (details(first).empty() ? "" : " (" + details(first) + ")"));
    }
    const std::string count = std::to_string(models.size());
    if (named_ == Named::files)
      return fail(Code::invalid, joined(words) + " are " + count + " models; name one of them");
    std::string message = "the folder " + printable(folder_.string(), 400) + " holds " + (pieces ? "files of " : "") +
                          count + " models: " + joined(words) + ". Each model needs a folder of its own:";
    // The one that has this folder's name, else the first, stays.
    auto stays =
        std::find_if(models.begin(), models.end(), [&](const auto& one) { return own_folder(one) == folder_; });
    if (stays == models.end()) stays = models.begin();
    std::size_t shown = 0;
    for (auto one = models.begin(); one != models.end() && shown < k_commands_shown; ++one) {
      if (one != stays) message += (shown++ > 0 ? "; " : " ") + command_for(*one);
    }
    return fail(Code::invalid, message);
  }

  Failure several_projectors(const Places& projectors) const {
    std::vector<std::string> words;
    std::string command = "mv";  // of all but the first
    for (const std::size_t i : projectors) {
      words.push_back(name(i) + (info(i).quantization.empty() ? "" : " (" + info(i).quantization + ")"));
      if (i != projectors.front()) command += " " + place(i);
    }
    if (named_ == Named::files) {
      return fail(Code::invalid, joined(words) + " are " + std::to_string(projectors.size()) +
                                     " projectors, of which a model takes one; leave out the others");
    }
    return fail(Code::invalid, "the folder " + printable(folder_.string(), 400) + " holds " +
                                   std::to_string(projectors.size()) + " projectors: " + joined(words) +
                                   ". A model takes one; to keep the first: " + command + " " +
                                   shell_word(folder_.parent_path().string() + "/"));
  }

  Failure no_model(const Places& projectors) const {
    const std::string where = " the folder " + printable(folder_.string(), 400);
    if (!projectors.empty() && named_ == Named::files) {
      return fail(Code::invalid,
                  name(projectors.front()) +
                      " is a projector, not a model; name the GGUF of the model that it belongs to, too");
    }
    if (!projectors.empty()) {
      return fail(Code::invalid, name(projectors.front()) + " is a projector, not a model, and" + where +
                                     " does not hold the model that it belongs to; put the model's GGUF beside it: mv "
                                     "<model>.gguf " +
                                     shell_word(folder_.string() + "/"));
    }
    for (const std::size_t i : out_.others) {
      if (kind_of(info(i)) == Kind::adapter) {
        return fail(Code::invalid, name(i) +
                                       " is an adapter for a model, not a model; a model is run with it when the "
                                       "settings of that model name it under \"lora\"");
      }
    }
    const GgufInfo& first = info(out_.others.front());
    const std::string what = name(out_.others.front()) + " is not a model" +
                             (first.type.empty() ? std::string(", because it has no weights")
                                                 : " (its header says \"" + printable(first.type, 40) + "\")");
    if (named_ == Named::files) return fail(Code::invalid, what);
    return fail(Code::invalid, what + ", and" + where +
                                   " holds no other GGUF file; put the model's GGUF there: mv "
                                   "<model>.gguf " +
                                   shell_word(folder_.string() + "/"));
  }

  Result<void> check_pieces() {
    Places& pieces = out_.model;
    std::stable_sort(pieces.begin(), pieces.end(),
                     [&](std::size_t a, std::size_t b) { return info(a).split_number < info(b).split_number; });
    const std::uint64_t count = info(pieces.front()).split_count;
    std::vector<std::string> missing;
    std::size_t at = 0;
    for (std::uint64_t number = 0; number < count && missing.size() < 100; ++number) {
      if (at == pieces.size() || info(pieces[at]).split_number != number) {
        missing.push_back(missing_name(number));
        continue;
      }
      if (++at < pieces.size() && info(pieces[at]).split_number == number) {
        return fail(Code::invalid, name(pieces[at - 1]) + " and " + name(pieces[at]) + " are both the piece " +
                                       std::to_string(number + 1) + " of " + std::to_string(count) +
                                       "; take one of them out: mv " + place(pieces[at]) + " " +
                                       shell_word(folder_.parent_path().string() + "/"));
      }
    }
    if (!missing.empty()) {
      return fail(Code::invalid, "the split model in " + printable(folder_.string(), 400) + " lacks " +
                                     std::to_string(count - pieces.size()) + " of its " + std::to_string(count) +
                                     " pieces: " + joined(missing) + "; put " + (missing.size() == 1 ? "it" : "them") +
                                     " there and run the same command again");
    }
    return check_tensors(count);
  }

  std::string missing_name(std::uint64_t number) const {
    for (const std::size_t i : out_.model) {
      if (const auto known = model::parse_piece_name(ggufs_[i].name)) {
        return printable(model::piece_name(known->stem, static_cast<std::uint32_t>(number + 1), known->count));
      }
    }
    return "piece " + std::to_string(number + 1);
  }

  Result<void> check_tensors(std::uint64_t count) const {
    std::set<std::string_view> seen;
    std::uint64_t all = 0;
    for (const std::size_t i : out_.model) {
      for (const model::GgufTensor& tensor : info(i).tensors) {
        ++all;
        if (seen.insert(tensor.name).second) continue;
        return fail(Code::invalid, "the pieces in " + printable(folder_.string(), 400) +
                                       " are not of one model: the tensor " + printable(tensor.name) +
                                       " is there twice, in " + name(i) + " too; get all " + std::to_string(count) +
                                       " pieces from the same place");
      }
    }
    const std::uint64_t wanted = info(out_.model.front()).split_tensors;
    if (wanted == 0 || wanted == all) return {};
    return fail(Code::invalid, "the pieces in " + printable(folder_.string(), 400) +
                                   " are not of one model: they hold " + std::to_string(all) +
                                   " tensors and should hold " + std::to_string(wanted) + "; get all " +
                                   std::to_string(count) + " pieces from the same place");
  }

  // Whether tensors on the way into the model have its width. What the header says is not enough: of LLaVA it is the
  // width of CLIP's own projection.
  static bool leads_into(const GgufInfo& projector, std::uint64_t width) {
    return std::any_of(projector.tensors.begin(), projector.tensors.end(), [&](const model::GgufTensor& tensor) {
      const bool on_the_way = tensor.name.starts_with("mm.") || tensor.name.starts_with("resampler.");
      return on_the_way && std::find(tensor.shape.begin(), tensor.shape.end(), width) != tensor.shape.end();
    });
  }

  Result<void> check_projector() const {
    const GgufInfo& projector = info(*out_.projector);
    const std::uint64_t given = projector.projection_length, wanted = info(out_.model.front()).embedding_length;
    if (given == 0 || given == wanted || leads_into(projector, wanted)) return {};
    const std::string what = "the projector " + name(*out_.projector) + " does not fit " + name(out_.model.front()) +
                             ": it gives " + std::to_string(given) + " numbers, the model wants " +
                             std::to_string(wanted);
    if (named_ == Named::files) return fail(Code::invalid, what + "; leave it out, or name another one");
    return fail(Code::invalid, what + "; to preserve the model without it: mv " + place(*out_.projector) + " " +
                                   shell_word(folder_.parent_path().string() + "/"));
  }

  const fs::path& folder_;
  Named named_;
  const std::vector<HeldGguf>& ggufs_;
  Understood out_;
};

}  // namespace

Result<Understood> understand(const fs::path& folder, const std::vector<HeldGguf>& ggufs, Named named) {
  return Reading(folder, named, ggufs).run();
}

std::string describe(const Understood& understood, const std::vector<HeldGguf>& ggufs, model::Task task) {
  const HeldGguf& first = ggufs[understood.model.front()];
  std::string out = task == model::Task::embed ? "an embedding model" : "a chat model";
  if (const std::string more = details(first.info); !more.empty()) out += " (" + more + ")";
  out += ", " + printable(first.name);
  if (understood.model.size() > 1) out += " and the other pieces of " + std::to_string(understood.model.size());
  if (understood.projector) out += ", with the projector " + printable(ggufs[*understood.projector].name);
  return out;
}

std::string shell_word(const std::string& text) {
  const bool plain = !text.empty() && std::all_of(text.begin(), text.end(), [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
           std::string_view("/._-+,:@%=").find(c) != std::string_view::npos;
  });
  if (plain) return text;
  std::string out = "'";
  for (const char c : printable(text, 4096)) out += c == '\'' ? std::string("'\\''") : std::string(1, c);
  return out + "'";
}

}  // namespace eai::preserve
