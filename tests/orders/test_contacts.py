"""Files of contacts and of opt-outs: ids byte for byte as in the purchases, and no row lost in silence."""

from __future__ import annotations

import contextlib
import sqlite3
from pathlib import Path

import pytest

from churnrisk.errors import ColumnError, SourceError
from churnrisk.orders import ContactFile, IntakeOptions, read_contacts, read_opted_out
from churnrisk.orders.contacts import Contact
from churnrisk.tables import Table, write_table


def write(path: Path, text: str, encoding: str = "utf-8") -> Path:
    path.write_bytes(text.encode(encoding))
    return path


@pytest.mark.parametrize(
    ("header", "encoding"),
    [
        ("customer_id,email,first_name,last_name", "utf-8"),
        ("Klient;Adres e-mail;Imię;Nazwisko", "cp1250"),
        ("Клиент\tИмейл\tИме\tФамилия", "cp1251"),
        ("Customer ID,E-Mail,First Name,Last Name", "utf-16"),
    ],
)
def test_usual_headers_are_recognised(tmp_path: Path, header: str, encoding: str) -> None:
    sign = next(sign for sign in ",;\t" if sign in header)
    rows = "".join(f"00{k}{sign}a{k}@shop.example{sign}Anna{sign}Nowak\n" for k in range(20))
    found = read_contacts(write(tmp_path / "contacts.csv", f"{header}\n{rows}", encoding))
    assert found.contacts["007"] == Contact("a7@shop.example", "Anna", "Nowak", "Anna Nowak")
    assert len(found.contacts) == found.rows_in == 20


def test_every_row_is_accounted_for(tmp_path: Path) -> None:
    text = "customer_id,email\na,\na,x@y.example\na,z@y.example\n,b@y.example\n\n b ,\n"
    found = read_contacts(write(tmp_path / "contacts.csv", text))
    assert found.contacts == {"a": Contact("x@y.example"), "b": Contact()}
    assert found.to_dict() == {
        "customers": 2,
        "source": "contacts.csv",
        "rows_in": 5,
        "rows_without_customer": 1,
        "rows_repeated": 2,
        "rows_unreadable": 0,
    }


def test_ids_are_read_as_those_of_purchases(tmp_path: Path) -> None:
    ids = ["=1+1", "007", "NA", "20000000000000000001", "Ü", "'=x", "🙂"]
    write_table(Table({"customer_id": ids}), tmp_path / "out.csv", holds=None)
    write_table(Table({"customer_id": ids}), tmp_path / "out.xlsx", holds=None)
    for name in ("out.csv", "out.xlsx"):
        assert list(read_opted_out(tmp_path / name).contacts) == ids
    folded = read_opted_out(tmp_path / "out.csv", IntakeOptions(fold_case=True))
    assert "ü" in folded.contacts
    mapped = write(tmp_path / "mapped.csv", "Nr,x\n1,2\n")
    assert list(read_opted_out(mapped, IntakeOptions(columns={"customer_id": "Nr", "amount": "y"})).contacts) == ["1"]


def test_an_opt_out_that_cannot_be_read_stops_everything(tmp_path: Path) -> None:
    assert read_opted_out(write(tmp_path / "none.csv", "customer_id\n")).contacts == {}
    with pytest.raises(SourceError, match=r"bad\.csv: 2 rows cannot be read or have no customer id"):
        read_opted_out(write(tmp_path / "bad.csv", 'customer_id,note\na,x\n,y\n"b,z\n'))
    with pytest.raises(ColumnError, match=r"headless\.csv: no column of customer ids"):
        read_opted_out(write(tmp_path / "headless.csv", "1001\n1002\n"))


def test_contacts_need_one_column_of_addresses(tmp_path: Path) -> None:
    with pytest.raises(ColumnError, match="no column of e-mail addresses"):
        read_contacts(write(tmp_path / "a.csv", "customer_id,phone\n1,2\n"))
    with pytest.raises(ColumnError, match="email, mail could each be the email"):
        read_contacts(write(tmp_path / "b.csv", "customer_id,email,mail\n1,2,3\n"))


def test_a_guest_who_has_opted_out_is_found_however_the_list_writes_the_address(tmp_path: Path) -> None:
    path = write(tmp_path / "out.csv", "customer_id\nAda@Example.com\nK-17\n")
    assert set(read_opted_out(path).contacts) == {"Ada@Example.com", "ada@example.com", "K-17"}


CONSENTS = [
    ("consent", "yes no", "ab"),
    ("accepts_marketing", "TRUE FALSE", "ab"),
    ("newsletter", "1 0", "ab"),
    ("Accepts Email Marketing", "1.0 0.0", "ab"),
    ("zgoda marketingowa", "tak nie", "ab"),
    ("съгласие", "да не", "ab"),
    ("згода", "так не", "ab"),
    ("Einwilligung", "ja nein", "ab"),
    ("email_marketing_status", "SUBSCRIBED NOT_SUBSCRIBED", "ab"),
    ("consent", "opt-in pending", "ab"),
    ("consent", "x ", "ab"),
    ("consent_at", "2026-01-31T10:00:00Z ", "ab"),
    ("consent", "yes NULL", "ab"),
    ("consent", "granted -", "ab"),
    ("opted_out", "no yes", "ab"),
    ("unsubscribed", " x", "ab"),
    ("unsubscribed_at", " 31.01.2026", "ab"),
]


@pytest.mark.parametrize(("header", "said", "who"), CONSENTS)
def test_consent_is_read_in_every_writing(tmp_path: Path, header: str, said: str, who: str) -> None:
    given, refused = said.split(" ", 1)
    path = write(
        tmp_path / "c.csv", f"customer_id;email;{header}\na;a@shop.example;{given}\nb;b@shop.example;{refused}\n"
    )
    found = read_contacts(path)
    assert found.says_consent
    assert found.without_consent([*who, "nobody"]) == {"b", "nobody"}
    assert "shop.example" not in repr(found)


def test_without_a_column_consent_is_unknown_and_treated_as_given(tmp_path: Path) -> None:
    found = read_contacts(write(tmp_path / "c.csv", "customer_id,phone\na,+48 600\n"), needs_email=False)
    assert (found.says_consent, found.without_consent(["a", "b"])) == (False, set())
    assert "consent is unknown and treated as given" in found.tell_consent(0)
    assert found.join({"rank": [1, 2], "customer_id": ["b", "a"], "email": ["x", "y"]}) == {
        "customer_id": ["b", "a"],
        "phone": [None, "+48 600"],
        "rank": [1, 2],
    }


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("customer_id,email,consent\na,a@b.example,yes\nb,b@b.example,perhaps\n", "line 3, consent: 'perhaps' says"),
        ("customer_id,email,consent\na,a@b.example,x\nb,b@b.example,no\n", "line 2, consent: 'x' says neither"),
        ("customer_id,email,opted_out\na,a@b.example,subscribed\n", "line 2, opted_out: 'subscribed' says neither"),
        ("customer_id,email,consent\na,a@b.example,c@d.example\n", r"line 2, consent: \(withheld"),
        ("customer_id,email,consent,newsletter\na,a@b.example,1,0\n", "consent, newsletter could each be the consent"),
    ],
)
def test_a_consent_that_cannot_be_read_stops_with_its_place(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(ColumnError, match=rf"c\.csv[:,] {message}") as refused:
        read_contacts(write(tmp_path / "c.csv", text))
    assert ".example" not in str(refused.value)


def test_each_row_of_a_customer_must_have_the_consent(tmp_path: Path) -> None:
    rows = "a,a@b.example,yes\na,,yes\nb,,yes\nb,b@b.example,no\nc,c@b.example,no\nc,c@b.example,yes\n"
    found = read_contacts(write(tmp_path / "c.csv", f"customer_id,email,consent\n{rows}"))
    assert found.without_consent("abc") == {"b", "c"}
    assert found.contacts["b"].email == "b@b.example"


def test_columns_and_a_query_may_be_named(tmp_path: Path) -> None:
    path = write(tmp_path / "c.csv", "Nr,Adr,Z1,Z2\n7,a@b.example,yes,no\n")
    named = {"customer_id": "Nr", "email": "Adr", "consent": "Z2"}
    assert read_contacts(ContactFile(path, columns=named)).without_consent("7") == {"7"}
    with pytest.raises(ColumnError, match=r"no column 'Z3' for consent, as \[contact_columns\] says"):
        read_contacts(ContactFile(path, columns={**named, "consent": "Z3"}))
    with contextlib.closing(sqlite3.connect(tmp_path / "shop.db")) as shop, shop:
        shop.execute("CREATE TABLE people (customer_id TEXT, email TEXT, newsletter INTEGER)")
        shop.execute("INSERT INTO people VALUES ('1', 'a@b.example', 1), ('2', 'b@b.example', 0)")
    query = "SELECT customer_id, email, newsletter AS consent FROM people"
    found = read_contacts(ContactFile(f"sqlite:///{tmp_path / 'shop.db'}", query))
    assert found.without_consent("12") == {"2"}
