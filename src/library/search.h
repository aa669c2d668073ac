// Why: a person remembers a part of a model's name, its maker or what it is for, and wants to see which models that may be.
// Thread: any; reads nothing but the open library.
// What holds: a model is found if each word occurs somewhere in what is known of it. A catalog that comes later only adds
// to the candidates.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "engine/budget.h"
#include "library/library.h"

namespace eai::library {

enum class Presence { here, damaged, newer, unfinished, absent };

// A model that can be found, with everything by which it can be.
struct Candidate {
  ipld::Cid id;
  std::string name;  // Library::label_of()
  std::string folder_name = {};
  std::vector<std::string> aliases = {};
  std::optional<model::Task> task = {};
  std::string family = {}, repository = {};
  std::uint64_t size = 0;  // bytes; 0: not known
  std::uint64_t ram = 0;   // bytes at 32768 tokens of context; 0: not known
  Presence presence = Presence::absent;
};

// Each model once: those on this disk, whole or not, and those of the catalog.
std::vector<Candidate> candidates_of(const Library& library);

// Those in which all words occur, the best first: names before tasks and makers, whole ones before their beginnings, and
// what is here before what is not. Upper and lower case are the same; of a hash the beginning counts, and one may be
// pasted as a link. Without a word, none.
std::vector<Candidate> search(std::vector<Candidate> candidates, const std::vector<std::string>& words);

// Names like the words, where search() has found nothing.
std::vector<std::string> names_like(const std::vector<Candidate>& candidates, const std::vector<std::string>& words);

enum class Room {
  unknown,
  enough,
  for_shorter_context,  // its weights fit, and 32768 tokens with them do not
  too_small,
};
Room room_for(const Candidate& candidate, const engine::Budget& budget);

}  // namespace eai::library
