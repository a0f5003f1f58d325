//! A mapping is checked whole, names the key at fault, and has one identity per meaning.

use aqueduct::interchange::mapping::Mapping;

use super::{SMALL, mapping, minor_digits};

#[test]
fn a_wrong_mapping_is_refused_naming_the_key() {
    // What is replaced in the small mapping, by what, and words of the answer.
    let cases = [
        ("name = \"small\"", "", "missing field `name`"),
        ("name = \"small\"", "name = 3", "name = 3"),
        ("name = \"small\"", "name = \"\"", "`name` is an empty name"),
        ("name = \"small\"", "name = \"small\"\ncolour = 1", "unknown field `colour`"),
        ("\"EUR\"", "\"XYZ\"", "`currency` is not a known currency code"),
        ("\"EUR\"", "\"EUR\"\nencoding = \"klingon\"", "`encoding`"),
        ("\"EUR\"", "\"EUR\"\nencoding = \"iso-2022-kr\"", "`encoding`"),
        ("\"EUR\"", "\"EUR\"\ndelimiter = \";;\"", "`delimiter`"),
        ("\"EUR\"", "\"EUR\"\ndelimiter = \"\\\"\"", "`delimiter`"),
        ("\"EUR\"", "\"EUR\"\ndelimiter = \"；\"", "`delimiter`"),
        ("\"EUR\"", "\"EUR\"\ndecimal_separator = \"-\"", "`decimal_separator`"),
        ("\"EUR\"", "\"EUR\"\ndecimal_separator = \"..\"", "decimal_separator"),
        ("\"EUR\"", "\"EUR\"\nthousands_separator = \".\"", "`thousands_separator` is the same"),
        ("\"EUR\"", "\"EUR\"\nthousands_separator = \"0\"", "`thousands_separator`"),
        ("\"EUR\"", "\"EUR\"\nextra_decimals = \"drop\"", "unknown variant `drop`"),
        ("\"EUR\"", "\"EUR\"\ndate_format = \"%Q\"", "`date_format`"),
        ("\"EUR\"", "\"EUR\"\ndate_format = \"%m/%Y\"", "`date_format`"),
        ("\"EUR\"", "\"EUR\"\ndate_format = \"%d/%m/%Y %H:%M\"", "`date_format`"),
        ("column = \"programme\"", "", "`programme` needs either"),
        ("column = \"programme\"", "column = \"p\"\nvalue = \"F\"", "`programme` needs either"),
        ("column = \"programme\"", "value = \"a/b\"", "`programme.value`"),
        ("column = \"programme\"", "colum = \"p\"", "unknown field `colum`"),
        ("from = \"from\"", "", "`cycle` needs either"),
        ("from = \"from\"", "value = \"2026-11\"", "`cycle` needs either"),
        ("from = \"from\"\nto = \"to\"", "value = \"Nov\"", "`cycle.value`"),
        ("from = \"from\"", "from = \" \"", "`cycle.from` is empty"),
        ("column = \"stated\"", "column = \"\"", "`date.column` is empty"),
        ("column = \"town\"", "column = \"Ministry \"", "`route[2].column` is a column that is"),
        ("[[route]]\ncolumn = \"town\"\nlevel = \"town\"", "", "`route` has 2 to 8 levels"),
        (
            "[payees]",
            "[route_path]\ncolumn = \"p\"\nseparator = \">\"\nlevels = [\"a\", \"b\"]\n[payees]",
            "`route` needs either columns",
        ),
        ("from = \"from\"\nto = \"to\"", "column = \"m\"\nformat = \"%Y\"", "`cycle.format`"),
        ("from = \"from\"\nto = \"to\"", "column = \"m\"\nformat = \"%H\"", "`cycle.format`"),
        ("code = \"WAGE\"", "code = \"A,B\"", "`purpose[1].code` is longer than 64 bytes or holds"),
        ("level = \"town\"", "", "missing field `level`"),
        ("level = \"town\"", "level = \"\"", "`route[2].level`"),
        ("label = \"payees\"", "label = \" x\"", "`payees.label` begins or ends"),
        ("verified = \"shown\"", "verified = \"paid\"", "`purpose[1].verified` is a column"),
        ("code = \"WAGE\"", "code = \"\"", "`purpose[1].code`"),
        ("[[purpose]]", "[purpose]", "purpose"),
    ];
    for (old, new, expected) in cases {
        assert!(SMALL.contains(old), "{old}");
        let error = Mapping::parse(&SMALL.replacen(old, new, 1), minor_digits).unwrap_err();
        let text = error.to_string();
        assert!(text.contains(expected), "{old} -> {new}: {text}");
    }
    let huge = format!("{SMALL}{}", "#".repeat(70_000));
    assert!(Mapping::parse(&huge, minor_digits).unwrap_err().to_string().contains("65536 bytes"));
    let twice = format!("{SMALL}\n[[purpose]]\ncode = \"WAGE\"\nofficial = \"a\"\nverified = \"b\"\n");
    let error = Mapping::parse(&twice, minor_digits).unwrap_err();
    assert_eq!(error.to_string(), "`purpose[2].code` is the code of an earlier purpose");
}

#[test]
fn the_identity_follows_the_meaning() {
    let identity = mapping(SMALL).identity();
    let same = [
        ("name = ", "# A comment.\nname   = "),
        ("currency = \"EUR\"", "currency = 'EUR'\ndelimiter = \";\""),
        ("currency = \"EUR\"", "currency = \"EUR\"\nencoding = \"gb18030\""),
        ("currency = \"EUR\"", "currency = \"EUR\"\nextra_decimals = \"round-half-even\""),
        ("currency = \"EUR\"", "currency = \"EUR\"\ndate_format = \"%Y-%m-%d\""),
        ("column = \"programme\"", "column = \"Programme\"\nlabel = \"Food for all\""),
        ("verified = \"shown\"", "verified = \"SHOWN\""),
        ("verified = \"shown\"", "verified = \"shówn\""),
        // Numbers enter a row's key in one form, however the file writes them.
        ("currency = \"EUR\"", "currency = \"EUR\"\ndecimal_separator = \",\""),
        ("currency = \"EUR\"", "currency = \"EUR\"\nthousands_separator = \",\""),
    ];
    for (old, new) in same {
        assert_eq!(mapping(&SMALL.replacen(old, new, 1)).identity(), identity, "{new}");
    }
    let other = [
        ("\"small\"", "\"smaller\""),
        ("\"EUR\"", "\"INR\""),
        ("\"EUR\"", "\"EUR\"\ndate_format = \"%Y-%d-%m\""),
        ("from = \"from\"\nto = \"to\"", "column = \"from\"\nformat = \"%m/%Y\""),
        ("column = \"programme\"", "value = \"programme\""),
        ("from = \"from\"\nto = \"to\"", "column = \"from\""),
        ("from = \"from\"\nto = \"to\"", "value = \"2026-11\""),
        ("[date]\ncolumn = \"stated\"", ""),
        ("level = \"town\"", "level = \"city\""),
        ("label = \"payees\"", "label = \"workers\""),
        ("code = \"WAGE\"", "code = \"PAY\""),
        ("official_quantity = \"days\"\n", ""),
    ];
    for (old, new) in other {
        assert!(SMALL.contains(old), "{old}");
        assert_ne!(mapping(&SMALL.replacen(old, new, 1)).identity(), identity, "{new}");
    }
}

#[test]
fn the_identity_is_frozen() {
    let identity = String::from_utf8(mapping(SMALL).identity()).unwrap();
    assert_eq!(
        identity,
        concat!(
            r#"{"currency":"EUR","cycle":["days","from","to"],"date":"stated","#,
            r#""date_format":"%Y-%m-%d","decimal_separator":".","#,
            r#""format":"aqueduct tracking mapping 1","name":"small","payees":"payees","#,
            r#""programme":["column","programme"],"purposes":[{"code":"WAGE","official":"paid","#,
            r#""official_quantity":"days","verified":"shown","verified_quantity":"days shown"}],"#,
            r#""route":[{"column":"ministry","level":"country"},{"column":"town","level":"town"}],"#,
            r#""thousands_separator":null}"#
        )
    );
}
