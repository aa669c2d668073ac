// Why: what a client of a Trustless Gateway asks for is spread over path, query and headers, in several dialects.
// Thread: any; pure functions.
// What holds: an Ask is whole and bounded: a path of at most 32 segments and 4 KiB. What cannot be given is told apart
// from what was asked wrongly by the status.
// Source: Trustless Gateway and Path Gateway specifications of IPFS (2026-03-05), IPIP-412 (order, duplicates), IPIP-523
// (the query wins over Accept), IPIP-524 (no conversion between codecs); RFC 9110 for Accept and Range.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "http/server.h"
#include "ipld/dag_select.h"
#include "ipld/ipns.h"

namespace eai::share {

enum class Form : std::uint8_t {
  raw,     // one block
  car,     // a walk, as a CARv1
  file,    // the bytes of a file as they are
  record,  // a signed IPNS record
};

struct Ask {
  Form form = Form::file;
  ipld::Cid root;                           // of a record the name's
  std::optional<ipld::IpnsName> name = {};  // whose record is asked for
  std::vector<std::string> path = {};       // decoded segments behind the root
  std::string named = {};                   // root and path as they were written: "<cid>/a/b"
  std::string query = {};                   // as it was written
  bool by_accept = false;                   // the form was taken from the Accept header
  bool any_form = false;                    // the client named none
  ipld::DagScope scope = ipld::DagScope::all;
  std::optional<ipld::EntityBytes> bytes = {};
  ipld::Duplicates duplicates = ipld::Duplicates::no;
  std::string filename = {};    // for Content-Disposition; empty: none was asked for
  bool only_if_cached = false;  // what is not here shall be 412
};

struct Refusal {
  int status = 400;
  std::string why;
};

// The path is that of /ipfs/… or /ipns/….
tl::expected<Ask, Refusal> read_ask(const http::Incoming& request);

// A range that a client wants of `size` bytes, by its Range header.
struct WantedRange {
  enum class Kind { whole, part, none_such } kind = Kind::whole;
  ByteRange range = {};
};
// A header that cannot be understood, has another unit or several ranges means the whole, as RFC 9110 allows.
WantedRange read_range(std::string_view header, std::uint64_t size);

// Whether one of the entity tags of an If-None-Match header is `tag`, compared weakly.
bool names_tag(std::string_view header, std::string_view tag);

}  // namespace eai::share
