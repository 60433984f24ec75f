# Text from elsewhere in messages, for the recipes beside this file.

# What shows as nothing or as a gap, breaks a line or turns its order round is a question mark.
def shown: gsub("[\\p{Cc}\\p{Cf}\\p{Zl}\\p{Zp}\\p{Default_Ignorable_Code_Point}]|[^\\P{Zs} ]"
    + "|[\\x{2800}\\x{13441}\\x{13442}\\x{16FE4}\\x{1D159}]"; "?");

# A code span of Markdown, where it can neither mention anybody nor link.
def code: shown | gsub("`"; "\u0027") | if . == "" then "(none)" else . end | "`\(.)`";

# Lines of code to whoever reads Markdown, and a quotation to everybody else.
def indented: rtrimstr("\n") | split("\n") | map("    " + (gsub("[\\t\\r]"; " ") | shown)) | join("\n");
