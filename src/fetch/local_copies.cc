#include "fetch/local_copies.h"

#include <algorithm>

#include <fcntl.h>
#include <sys/stat.h>

#include "store/gguf_file.h"

namespace eai::fetch {
namespace {

constexpr std::size_t k_most_same_place = 2;
constexpr std::size_t k_most_headers = 16;  // of stored GGUFs, that are read
constexpr std::size_t k_choices = 2;        // of one tensor
constexpr std::uint64_t k_first_look = 1;   // byte: whatever leaf has it
constexpr std::size_t k_most_open = 32;     // files

std::shared_ptr<UniqueFd> open_shared(const fs::path& path) {
  auto file = open_file(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  return file ? std::make_shared<UniqueFd>(*std::move(file)) : nullptr;
}

LocalFiles::TensorKey key_of(const model::GgufTensor& tensor) { return {tensor.name, tensor.type, tensor.shape}; }

std::uint64_t distance(std::uint64_t a, std::uint64_t b) { return a < b ? b - a : a - b; }

Result<model::GgufInfo> read_header(const UniqueFd& file, std::uint64_t size) {
  const auto read = [&](std::uint64_t offset, std::span<std::uint8_t> into) {
    return read_at(file.get(), offset, into);
  };
  return model::read_gguf(read, size);
}

// What is left of this model, if it is here and damaged.
void add_remains(const store::Store& store, const ipld::Cid& id, const model::Metadata& metadata,
                 std::vector<LocalFile>& into) {
  const store::Remains remains = store.remains(id);
  for (const model::PartEntry& entry : metadata.files) {
    LocalFile file;
    file.name = store::stored_name(metadata.folder_name, metadata.task, entry.file_name);
    file.path = remains.folder / file.name;
    struct stat info {};
    if (::lstat(file.path.c_str(), &info) != 0 || !S_ISREG(info.st_mode)) continue;
    file.size = static_cast<std::uint64_t>(info.st_size);
    file.sha256 = entry.sha256;
    file.of_this_model = true;
    file.is_sound = file.size == entry.size && std::ranges::find(remains.changed, file.name) == remains.changed.end();
    into.push_back(std::move(file));
  }
}

}  // namespace

LocalFiles::LocalFiles(const store::Store& store, const ipld::Cid& id, const model::Metadata& metadata) {
  add_remains(store, id, metadata, files_);
  const auto contents = store.list();
  if (!contents) return;
  for (const store::Model& model : contents->models) {
    if (model.id == id) continue;
    for (const store::StoredFile& file : model.files)
      files_.push_back({model.folder / file.name, file.name, file.size, file.sha256, false, true});
  }
}

std::shared_ptr<UniqueFd> LocalFiles::open(std::size_t file) {
  const auto kept = std::ranges::find(open_, file, [](const auto& one) { return one.first; });
  if (kept != open_.end()) {
    open_.splice(open_.begin(), open_, kept);
    return open_.front().second;
  }
  auto opened = open_shared(files_[file].path);
  if (!opened) return nullptr;
  open_.emplace_front(file, opened);
  if (open_.size() > k_most_open) open_.pop_back();
  return opened;
}

const LocalFiles::Tensors& LocalFiles::tensors(std::size_t file) {
  const auto known = tensors_.find(file);
  if (known != tensors_.end()) return known->second;
  Tensors& out = tensors_[file];
  const auto opened = open(file);
  if (!opened) return out;
  const auto info = read_header(*opened, files_[file].size);
  if (!info) return out;
  for (const model::GgufTensor& tensor : info->tensors) out.emplace(key_of(tensor), tensor.range);
  return out;
}

LocalCopies::LocalCopies(std::shared_ptr<LocalFiles> files, const store::StoredFile& wanted)
    : files_(std::move(files)), size_(wanted.size) {
  const std::vector<LocalFile>& all = files_->all();
  for (std::size_t i = 0; i < all.size(); ++i) {
    const LocalFile& file = all[i];
    const bool same_name = file.name == wanted.name;
    if (ipld::matches(file.sha256, wanted.sha256) || (same_name && (file.of_this_model || file.size == wanted.size)))
      same_place_.push_back(i);
    const bool are_ggufs = store::is_gguf_name(file.name) && store::is_gguf_name(wanted.name);
    if (are_ggufs && store::role_of(file.name) == store::role_of(wanted.name) && !file.of_this_model)
      like_.push_back(i);
  }
  const auto rank = [&](std::size_t i) {
    const LocalFile& one = all[i];
    return std::tuple(!one.of_this_model, !ipld::matches(one.sha256, wanted.sha256), distance(one.size, wanted.size));
  };
  const auto keep = [&](std::vector<std::size_t>& places, std::size_t most) {
    std::ranges::stable_sort(places, {}, rank);
    if (places.size() > most) places.resize(most);
  };
  keep(same_place_, k_most_same_place);
  keep(like_, k_most_headers);
  if (!like_.empty()) wants_ = std::min(k_first_look, wanted.size);
}

void LocalCopies::see(const fs::path& beginning, std::uint64_t proven) {
  wants_ = 0;
  const auto file = open_shared(beginning);
  if (!file) return;
  std::uint64_t lacks = 0;  // where a read ended that went beyond what is proven
  const auto read = [&](std::uint64_t offset, std::span<std::uint8_t> into) -> Result<void> {
    if (offset + into.size() <= proven) return read_at(file->get(), offset, into);
    lacks = offset + into.size();
    return fail(Code::invalid, "not here yet");
  };
  const auto header = model::read_gguf(read, size_);
  if (header)
    find_tensors(*header);
  else if (lacks > 0)
    wants_ = std::min(size_, std::max(lacks, 2 * proven));
}

void LocalCopies::find_tensors(const model::GgufInfo& wanted) {
  struct Found {
    std::size_t file = 0;
    std::uint64_t shared = 0;  // bytes of tensors that it seems to have, too
  };
  std::vector<Found> found;
  for (const std::size_t file : like_) {
    Found one{file, 0};
    for (const model::GgufTensor& tensor : wanted.tensors)
      if (files_->tensors(file).contains(key_of(tensor))) one.shared += tensor.range.size();
    if (one.shared > 0) found.push_back(one);
  }
  std::ranges::stable_sort(found, [](const Found& a, const Found& b) { return a.shared > b.shared; });
  for (const model::GgufTensor& tensor : wanted.tensors) {
    Tensor out{tensor.range, {}};
    for (const Found& one : found) {
      if (out.there.size() == k_choices) break;
      const auto& tensors = files_->tensors(one.file);
      const auto there = tensors.find(key_of(tensor));
      if (there == tensors.end() || there->second.size() != tensor.range.size()) continue;
      out.there.push_back({one.file, there->second.begin});
    }
    if (tensor.range.size() > 0) tensors_.push_back(std::move(out));
  }
  std::ranges::sort(tensors_, {}, [](const Tensor& one) { return one.range.begin; });
}

std::optional<Copy> LocalCopies::from_tensors(ByteRange range, std::size_t choice) const {
  if (tensors_.empty() || range.begin < tensors_.front().range.begin) return std::nullopt;
  const auto after = [](std::uint64_t at, const Tensor& one) { return at < one.range.begin; };
  auto tensor = std::upper_bound(tensors_.begin(), tensors_.end(), range.begin, after) - 1;
  Copy out;
  bool chosen = choice == 0;
  for (std::uint64_t at = range.begin; at < range.end; ++tensor) {
    const bool last = tensor == tensors_.end();
    const std::uint64_t begin = last ? range.end : tensor->range.begin;
    if (at < begin) {  // what aligns them
      const std::uint64_t end = std::min(begin, range.end);
      out.push_back({nullptr, 0, end - at});
      at = end;
      if (at == range.end) break;
    }
    const std::uint64_t end = std::min(tensor->range.end, range.end);
    if (at >= end) continue;
    if (tensor->there.empty()) return std::nullopt;
    chosen = chosen || choice < tensor->there.size();
    const Place& from = tensor->there[std::min(choice, tensor->there.size() - 1)];
    auto file = files_->open(from.file);
    if (!file) return std::nullopt;
    out.push_back({std::move(file), from.offset + (at - tensor->range.begin), end - at});
    at = end;
  }
  return chosen ? std::optional(std::move(out)) : std::nullopt;
}

std::vector<Copy> LocalCopies::copies(ByteRange range) const {
  std::vector<Copy> out;
  for (const std::size_t one : same_place_) {
    if (range.end > files_->all()[one].size) continue;
    if (auto file = files_->open(one)) out.push_back({{std::move(file), range.begin, range.size()}});
  }
  for (std::size_t choice = 0; choice < k_choices; ++choice)
    if (auto copy = from_tensors(range, choice)) out.push_back(*std::move(copy));
  if (out.size() > k_most_copies) out.resize(k_most_copies);
  return out;
}

}  // namespace eai::fetch
