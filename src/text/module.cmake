# Unicode data, the regular expressions of unknown pre-tokenizers, and tokenizer.json.
target_link_libraries(mr_text PUBLIC millrace::utf8proc millrace::pcre2 Boost::json)
