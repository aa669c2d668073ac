// Why: what a person has named is shared, and nothing else.
// Thread: the job's. Blocks on the disk.
// What holds: models that were preserved or adopted here, and LoRAs, may be private: they are shared if each is named,
// and never because all are asked for. What cannot be shared is told with the reason.
#pragma once

#include <map>
#include <memory>
#include <string>
#include <vector>

#include "library/job.h"
#include "library/library.h"
#include "store/shelf.h"

namespace eai::library {

struct SeedRequest {
  std::vector<std::string> names, hashes;  // of models
  bool all = false;                        // every model that was downloaded
  std::vector<std::string> cars;           // CAR files
  std::vector<std::string> records;        // IPNS records, in files named <name>.ipns-record
  // What cannot be shared: an error, or a note, and the rest is shared.
  enum class Missing { is_an_error, is_noted } missing = Missing::is_an_error;
};

struct Seed {
  struct Item {
    std::string name, hash;  // of the model; of a CAR its path, and no hash
    std::unique_ptr<store::Shelf> shelf;
  };
  std::vector<Item> items;
  std::map<std::string, Bytes> records;  // by the text of their names
};

// Code::not_found: a model is not here; Code::unsupported: the blocks of one cannot be made from its files; Code::invalid:
// a CAR or record is none, or nothing was named; Code::corrupt, io, cancelled.
Result<Seed> open_seed(const Library& library, const SeedRequest& request, Feed& feed, const std::stop_token& stop);

}  // namespace eai::library
