#include "fetch/local_copies.h"

#include <algorithm>
#include <map>
#include <tuple>

#include <fcntl.h>
#include <sys/stat.h>

#include "store/gguf_file.h"

namespace eai::fetch {
namespace {

constexpr std::size_t k_most_same_place = 2;
constexpr std::size_t k_most_headers = 16;  // of stored GGUFs, that are read
constexpr std::size_t k_choices = 2;        // of one tensor
constexpr std::uint64_t k_first_look = 1;   // byte: whatever leaf has it

std::shared_ptr<UniqueFd> open_shared(const fs::path& path) {
  auto file = open_file(path, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
  return file ? std::make_shared<UniqueFd>(*std::move(file)) : nullptr;
}

using TensorKey = std::tuple<std::string, std::uint32_t, std::vector<std::uint64_t>>;
TensorKey key_of(const model::GgufTensor& tensor) { return {tensor.name, tensor.type, tensor.shape}; }

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

std::vector<LocalFile> local_files(const store::Store& store, const ipld::Cid& id, const model::Metadata& metadata) {
  std::vector<LocalFile> out;
  add_remains(store, id, metadata, out);
  const auto contents = store.list();
  if (!contents) return out;
  for (const store::Model& model : contents->models) {
    if (model.id == id) continue;
    for (const store::StoredFile& file : model.files)
      out.push_back({model.folder / file.name, file.name, file.size, file.sha256, false, true});
  }
  return out;
}

std::shared_ptr<LocalCopies> LocalCopies::find(const std::vector<LocalFile>& files, const store::StoredFile& wanted) {
  auto out = std::make_shared<LocalCopies>();
  out->size_ = wanted.size;
  std::vector<const LocalFile*> same_place, like;
  for (const LocalFile& file : files) {
    const bool same_name = file.name == wanted.name;
    if (ipld::matches(file.sha256, wanted.sha256) || (same_name && (file.of_this_model || file.size == wanted.size)))
      same_place.push_back(&file);
    const bool same_kind = store::is_gguf_name(file.name) && store::role_of(file.name) == store::role_of(wanted.name) &&
                           !file.of_this_model;
    if (same_kind && store::is_gguf_name(wanted.name)) like.push_back(&file);
  }
  const auto is_likelier = [&](const LocalFile* a, const LocalFile* b) {
    const auto rank = [&](const LocalFile* one) {
      return std::tuple(!one->of_this_model, !ipld::matches(one->sha256, wanted.sha256), distance(one->size, wanted.size));
    };
    return rank(a) < rank(b);
  };
  const auto take = [&](std::vector<const LocalFile*>& from, std::size_t most, std::vector<Like>& into) {
    std::ranges::stable_sort(from, is_likelier);
    for (const LocalFile* file : from) {
      if (into.size() == most) return;
      if (auto open = open_shared(file->path)) into.push_back({std::move(open), file->size});
    }
  };
  take(same_place, k_most_same_place, out->same_place_);
  take(like, k_most_headers, out->like_);
  if (out->same_place_.empty() && out->like_.empty()) return nullptr;
  if (!out->like_.empty()) out->wants_ = std::min(k_first_look, wanted.size);
  return out;
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
  if (wants_ == 0) like_.clear();  // the tensors' places keep the files open
}

void LocalCopies::find_tensors(const model::GgufInfo& wanted) {
  struct Found {
    const Like* like = nullptr;
    std::map<TensorKey, ByteRange> tensors;
    std::uint64_t shared = 0;  // bytes
  };
  std::vector<Found> found;
  for (const Like& like : like_) {
    const auto info = read_header(*like.file, like.size);
    if (!info) continue;
    Found one{&like, {}, 0};
    for (const model::GgufTensor& tensor : info->tensors) one.tensors.emplace(key_of(tensor), tensor.range);
    for (const model::GgufTensor& tensor : wanted.tensors)
      if (one.tensors.contains(key_of(tensor))) one.shared += tensor.range.size();
    if (one.shared > 0) found.push_back(std::move(one));
  }
  std::ranges::stable_sort(found, [](const Found& a, const Found& b) { return a.shared > b.shared; });
  for (const model::GgufTensor& tensor : wanted.tensors) {
    Tensor out{tensor.range, {}};
    for (const Found& one : found) {
      if (out.at.size() == k_choices) break;
      const auto there = one.tensors.find(key_of(tensor));
      if (there == one.tensors.end() || there->second.size() != tensor.range.size()) continue;
      out.at.push_back({one.like->file, there->second.begin, there->second.size()});
    }
    tensors_.push_back(std::move(out));
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
    if (tensor->at.empty()) return std::nullopt;
    chosen = chosen || choice < tensor->at.size();
    const CopyPart& from = tensor->at[std::min(choice, tensor->at.size() - 1)];
    out.push_back({from.file, from.offset + (at - tensor->range.begin), end - at});
    at = end;
  }
  return chosen ? std::optional(std::move(out)) : std::nullopt;
}

std::vector<Copy> LocalCopies::copies(ByteRange range) const {
  std::vector<Copy> out;
  for (const Like& one : same_place_)
    if (range.end <= one.size) out.push_back({{one.file, range.begin, range.size()}});
  for (std::size_t choice = 0; choice < k_choices; ++choice)
    if (auto copy = from_tensors(range, choice)) out.push_back(*std::move(copy));
  if (out.size() > 3) out.resize(3);
  return out;
}

}  // namespace eai::fetch
