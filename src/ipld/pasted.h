// Why: people paste a hash the way another program shows it: as a link, with a gateway's address around it, in quotes,
// with a line break. All of these mean the same bytes, so all of them are taken.
// Thread: any; these are pure functions.
// What holds: the text either means exactly one CID or is refused with the reason. Nothing is looked up. An IPNS name,
// which somebody can point elsewhere, and a file inside a larger tree are refused, because neither is a model's hash.
// Source: the address formats of the IPFS documentation, "Address IPFS on the web": ipfs://<cid>, /ipfs/<cid>,
// https://<gateway>/ipfs/<cid>, https://<cid>.ipfs.<gateway>; older ones are ipfs:<cid>, ipfs://ipfs/<cid> and
// dweb:/ipfs/<cid>.
#pragma once

#include <string_view>

#include "ipld/cid.h"
#include "util/result.h"

namespace eai::ipld {

// The text without the blanks, quotes, brackets and full stops that copying leaves around it; a part of `text`.
std::string_view without_wrapping(std::string_view text);

// Whether the text is a link and not the name of a model or a file: it has a scheme or a path of IPFS, or it is a web
// address.
bool is_link(std::string_view text);

// The CID that a bare hash, in any base, or a link means. Code::invalid: it does not contain one, or it leads to a file
// inside a tree, or to a name that can change.
Result<Cid> parse_pasted(std::string_view text);

}  // namespace eai::ipld
