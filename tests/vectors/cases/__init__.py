"""What the vectors try, each module by what it attacks; `vector` and `statement` say how.

- A whole bundle: `table` and `bundle` (to be taken), `order`, `size`, `file`.
- Outside: `signature`, `comment`, `envelope`, `header`, `directory`, `member`.
- Inside: `password`, `manifest`, `content`, `attachment`.
- Handed on: `forward` (to be taken), `chain`, `hop`, `provenance`.
- People: `cast` says who they are; `card`, `rotation`, `spelling`, `identity`.
- Statements: `sealed`, `receipt`, `certificate`, `extension`, `scope_key`.
"""
