#include "library/search.h"

#include <algorithm>

#include "ipld/pasted.h"
#include "util/text.h"

namespace eai::library {
namespace {

// Every hash here begins like this many characters of another one ("bafkrei").
constexpr std::size_t k_telling_hash = 8;

std::uint64_t bytes_of(double gigabytes) { return gigabytes <= 0 ? 0 : static_cast<std::uint64_t>(gigabytes * 1e9); }

// What else people call a task.
std::string words_of(model::Task task) {
  std::string out(name_of(task));
  switch (task) {
    case model::Task::chat:
      return out + " text";
    case model::Task::embed:
      return out + " embeddings";
    case model::Task::image_generation:
    case model::Task::image_edit:
      return out + " pictures drawing";
  }
  return out;
}

// How well a name has the word; 0 is the whole of it.
std::optional<int> rank_in(const std::string& name, const std::string& word) {
  const std::string text = lower(name);
  if (text == word) return 0;
  const std::size_t at = text.find(word);
  if (at == std::string::npos) return std::nullopt;
  if (at == 0) return 1;
  constexpr std::string_view k_between = "-_. /:";
  for (std::size_t i = at; i != std::string::npos; i = text.find(word, i + 1))
    if (k_between.find(text[i - 1]) != std::string_view::npos) return 2;
  return 3;
}

std::optional<int> rank_of(const Candidate& candidate, const std::string& typed) {
  constexpr int k_last = 4;
  const std::string word = lower(typed);
  std::optional<int> best;
  const auto take = [&](std::optional<int> rank) {
    if (rank && (!best || *rank < *best)) best = rank;
  };
  take(rank_in(candidate.name, word));
  take(rank_in(candidate.folder_name, word));
  for (const std::string& alias : candidate.aliases) take(rank_in(alias, word));
  if (word.size() >= k_telling_hash && candidate.id.str().starts_with(word)) take(1);
  if (word.size() >= k_telling_hash) {
    const auto pasted = ipld::parse_pasted(typed);
    if (pasted && pasted->hash() == candidate.id.hash()) take(0);
  }
  std::string rest = candidate.family + " " + candidate.repository;
  if (candidate.task) rest += " " + words_of(*candidate.task);
  if (lower(rest).find(word) != std::string::npos) take(k_last);
  return best;
}

std::vector<std::string> split(const std::vector<std::string>& typed) {
  std::vector<std::string> out;
  for (std::string_view rest : typed) {
    while (true) {
      const std::size_t begin = rest.find_first_not_of(" \t\r\n");
      if (begin == std::string_view::npos) break;
      rest.remove_prefix(begin);
      const std::size_t end = std::min(rest.find_first_of(" \t\r\n"), rest.size());
      out.emplace_back(rest.substr(0, end));
      rest.remove_prefix(end);
    }
  }
  return out;
}

class Gathering {
 public:
  explicit Gathering(const Library& library) : library_(library) {}

  Candidate& of(const ipld::Cid& id) {
    for (Candidate& one : out_)
      if (one.id.hash() == id.hash()) return one;
    Candidate made{.id = id, .name = library_.label_of(id)};
    if (const CatalogEntry* entry = library_.catalog.by_id(id)) {
      if (!entry->task_is_guessed) made.task = entry->task;
      made.family = entry->family;
      made.size = bytes_of(entry->size_gb);
      made.ram = bytes_of(entry->ram_gb);
    }
    for (const Alias& alias : library_.catalog.aliases())
      if (alias.id == id) made.aliases.push_back(alias.name);
    return out_.emplace_back(std::move(made));
  }

  void add(const store::Model& model) {
    Candidate& one = of(model.id);
    const model::Metadata& metadata = model.metadata;
    one.presence = Presence::here;
    one.folder_name = metadata.folder_name;
    one.repository = metadata.hf_repo + " " + metadata.hf_file;
    one.task = metadata.task;
    one.size = model.size();
    if (one.family.empty()) one.family = family_of(metadata.folder_name);
    if (metadata.ram_gb) one.ram = bytes_of(*metadata.ram_gb);
  }

  std::vector<Candidate> end() && { return std::move(out_); }

 private:
  const Library& library_;
  std::vector<Candidate> out_;
};

}  // namespace

std::vector<Candidate> candidates_of(const Library& library) {
  Gathering all(library);
  for (const store::Model& model : library.contents.models) all.add(model);
  for (const store::Damaged& entry : library.contents.damaged) {
    if (!entry.id) continue;
    Candidate& one = all.of(*entry.id);
    one.presence = Presence::damaged;
    one.folder_name = entry.folder_name;
  }
  for (const store::Newer& entry : library.contents.newer) all.of(entry.id).presence = Presence::newer;
  for (const store::Unfinished& entry : library.contents.unfinished) {
    Candidate& one = all.of(entry.id);
    if (one.presence == Presence::absent) one.presence = Presence::unfinished;
  }
  for (const CatalogEntry& entry : library.catalog.entries()) {
    Candidate& one = all.of(entry.id);
    if (one.name != entry.name) one.aliases.push_back(entry.name);
  }
  for (const Alias& alias : library.catalog.aliases()) all.of(alias.id);
  return std::move(all).end();
}

std::vector<Candidate> search(std::vector<Candidate> candidates, const std::vector<std::string>& typed) {
  struct Ranked {
    int rank;
    Candidate candidate;
  };
  const std::vector<std::string> words = split(typed);
  std::vector<Ranked> found;
  for (Candidate& candidate : candidates) {
    int sum = 0;
    const bool all = !words.empty() && std::ranges::all_of(words, [&](const std::string& word) {
      const auto rank = rank_of(candidate, word);
      sum += rank.value_or(0);
      return rank.has_value();
    });
    if (all) found.push_back({sum, std::move(candidate)});
  }
  std::ranges::stable_sort(found, [](const Ranked& a, const Ranked& b) {
    const auto key = [](const Ranked& one) { return std::pair(one.rank, one.candidate.presence); };
    return key(a) < key(b);
  });
  std::vector<Candidate> out;
  for (Ranked& one : found) out.push_back(std::move(one.candidate));
  return out;
}

std::vector<std::string> names_like(const std::vector<Candidate>& candidates, const std::vector<std::string>& words) {
  std::vector<std::string> names, out;
  for (const Candidate& candidate : candidates) {
    names.push_back(candidate.name);
    if (!candidate.folder_name.empty() && candidate.folder_name != candidate.name)
      names.push_back(candidate.folder_name);
    names.insert(names.end(), candidate.aliases.begin(), candidate.aliases.end());
  }
  for (const std::string& word : split(words)) {
    for (std::string& name : near_names(word, names))
      if (std::ranges::find(out, name) == out.end()) out.push_back(std::move(name));
  }
  constexpr std::size_t k_most = 3;
  if (out.size() > k_most) out.resize(k_most);
  return out;
}

Room room_for(const Candidate& candidate, const engine::Budget& budget) {
  if (candidate.size == 0 && candidate.ram == 0) return Room::unknown;
  if (candidate.size > 0 && !budget.fits(candidate.size)) return Room::too_small;
  if (candidate.ram == 0) return Room::unknown;
  if (budget.fits(candidate.ram)) return Room::enough;
  return candidate.size > 0 ? Room::for_shorter_context : Room::too_small;
}

}  // namespace eai::library
