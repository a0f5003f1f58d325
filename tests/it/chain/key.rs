//! Keys and signatures against published vectors.

use aqueduct::chain::digest::Digest;
use aqueduct::chain::key::{PublicKey, SecretKey, Signature};
use serde_json::Value;

use super::fixtures::key;
use super::vectors;

fn bytes(value: &Value) -> Vec<u8> {
    hex::decode(value.as_str().unwrap()).unwrap()
}

fn public(value: &Value) -> PublicKey {
    PublicKey(bytes(value).try_into().unwrap())
}

/// A signature of another length than 64 bytes is refused by its type.
fn accepts(key: &PublicKey, message: &[u8], signature: Vec<u8>) -> bool {
    match signature.try_into() {
        Ok(signature) => key.verify(message, &Signature(signature)).is_ok(),
        Err(_) => false,
    }
}

#[test]
fn rfc_8032_keys_sign_as_published() {
    let Some(shared) = vectors::shared() else {
        return;
    };
    let cases = vectors::read_json(&shared.join("rfc8032_ed25519.json"));
    let cases = cases.as_array().unwrap();
    assert_eq!(cases.len(), 3);
    for case in cases {
        let secret = SecretKey::from_bytes(&bytes(&case["seed"]).try_into().unwrap());
        let message = bytes(&case["message"]);
        let signature = secret.sign(&message);
        assert_eq!(secret.public(), public(&case["public"]));
        assert_eq!(signature.0.to_vec(), bytes(&case["signature"]));
        assert!(secret.public().verify(&message, &signature).is_ok());
        let mut other = message.clone();
        other.push(0);
        assert!(secret.public().verify(&other, &signature).is_err());
    }
}

#[test]
fn wycheproof_verdicts_are_met_in_all_151_cases() {
    let Some(shared) = vectors::shared() else {
        return;
    };
    let file = vectors::read_json(&shared.join("wycheproof/ed25519_test.json"));
    let mut checked = 0;
    for group in file["testGroups"].as_array().unwrap() {
        let key = public(&group["publicKey"]["pk"]);
        for case in group["tests"].as_array().unwrap() {
            let verdict = accepts(&key, &bytes(&case["msg"]), bytes(&case["sig"]));
            assert_eq!(verdict, case["result"] == "valid", "{case}");
            checked += 1;
        }
    }
    assert_eq!(checked, 151);
}

#[test]
fn speccheck_edge_cases_have_the_strict_verdict() {
    let Some(shared) = vectors::shared() else {
        return;
    };
    // From "Taming the many EdDSAs" (Chalkias, Garillot, Nikolaenko, 2020),
    // table 2. The strict rule refuses small orders of the key and of R, an
    // s that is not reduced, and has no cofactor in its equation.
    let expected = [
        // 0: the key and R have small order, and s is 0.
        false, // 1: the key has small order, R is of mixed order.
        false, // 2: R has small order, the key is of mixed order.
        false,
        // 3: the key and R are of mixed order, and the equation holds without
        // the cofactor. Only the maker of a crafted key can sign so, in one
        // form, and every verifier without a cofactor agrees.
        true, // 4: both of mixed order; the equation holds only with the cofactor.
        false,
        // 5: the key is of mixed order, R of prime order; only with the
        // cofactor, and only if that comes before the hash is reduced.
        false, // 6: s is above the group order: a second form of a good signature.
        false, // 7: s is far above the group order, and a good signature otherwise.
        false,
        // 8: R has small order and is not canonical; it holds for those who
        // reduce R before they hash it.
        false, // 9: the same R; it holds for those who hash it as it came.
        false,
    ];
    let cases = vectors::read_json(&shared.join("speccheck/cases10.json"));
    let cases = cases.as_array().unwrap();
    assert_eq!(cases.len(), expected.len());
    for (number, (case, expected)) in cases.iter().zip(expected).enumerate() {
        let key = public(&case["pub_key"]);
        let verdict = accepts(&key, &bytes(&case["message"]), bytes(&case["signature"]));
        assert_eq!(verdict, expected, "case {number}");
    }
}

#[test]
fn a_secret_key_never_prints_its_bytes() {
    let secret = SecretKey::from_bytes(&[0xab; 32]);
    let printed = format!("{secret:?}");
    assert!(!printed.contains("abab") && !printed.contains("171, 171"));
    assert!(printed.contains(&secret.public().to_string()));
    assert_eq!(secret.secret_bytes(), &[0xab; 32]);
}

#[test]
fn generated_keys_differ_and_sign() {
    let (one, two) = (SecretKey::generate().unwrap(), SecretKey::generate().unwrap());
    assert_ne!(one.public(), two.public());
    assert!(one.public().verify(b"x", &one.sign(b"x")).is_ok());
    assert!(two.public().verify(b"x", &one.sign(b"x")).is_err());
}

#[test]
fn keys_signatures_and_digests_read_back_in_one_form_only() {
    let public = key(1).public();
    let signature = key(1).sign(b"x");
    let digest = Digest::of(b"");
    assert_eq!(public.to_string().parse(), Ok(public));
    assert_eq!(signature.to_string().parse(), Ok(signature));
    assert_eq!(digest.to_string().parse(), Ok(digest));
    assert_eq!(digest.to_string(), "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855");
    let json = serde_json::to_string(&(public, signature, digest)).unwrap();
    let read: (PublicKey, Signature, Digest) = serde_json::from_str(&json).unwrap();
    assert_eq!(read, (public, signature, digest));

    let hex = digest.to_string();
    for wrong in [hex.to_uppercase(), hex[1..].to_owned(), format!("{hex}0"), format!(" {hex}")] {
        assert!(wrong.parse::<Digest>().is_err(), "{wrong}");
        assert!(format!("ed25519:{wrong}").parse::<PublicKey>().is_err());
    }
    assert!(hex.parse::<PublicKey>().is_err());
    assert!(format!("ED25519:{hex}").parse::<PublicKey>().is_err());
    let text = signature.to_string();
    assert!(text.trim_end_matches('=').parse::<Signature>().is_err());
    assert!(format!("{text}\n").parse::<Signature>().is_err());
}

#[test]
fn keys_that_take_each_others_place_are_told_apart() {
    // What is kept of keys is found by their first bytes.
    let keys: Vec<SecretKey> = (0_u16..2_000)
        .map(|n| {
            let mut seed = [7; 32];
            seed[..2].copy_from_slice(&n.to_be_bytes());
            SecretKey::from_bytes(&seed)
        })
        .collect();
    let signatures: Vec<Signature> = keys.iter().map(|key| key.sign(b"message")).collect();
    for round in 0..2 {
        for (at, key) in keys.iter().enumerate() {
            assert!(key.public().verify(b"message", &signatures[at]).is_ok(), "{round}, {at}");
            let other = &signatures[(at + 1) % signatures.len()];
            assert!(key.public().verify(b"message", other).is_err(), "{round}, {at}");
        }
    }
    // No point of the curve, in the place of one that is.
    let mut bytes = keys[0].public().0;
    bytes[31] ^= 0x80;
    bytes[2..31].fill(0xff);
    for _ in 0..2 {
        assert!(PublicKey(bytes).verify(b"message", &signatures[0]).is_err());
        assert!(keys[0].public().verify(b"message", &signatures[0]).is_ok());
    }
}
