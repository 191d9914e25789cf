"""Who writes to the demo office, what they send, and when: the plot, without a line about how it gets here."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from faxes.outbox import KEPT_AT_TELNYX
from faxportal.demo.letters import Letter

REFERRALS, BILLING = "+13125790015", "+13125790016"
RECORDS, COURTS = "+17739420110", "+17739420111"
LABELS = {REFERRALS: "Referrals", BILLING: "Billing", RECORDS: "Records", COURTS: "Legal requests"}
# Belongs to an application that nobody has given to a team yet.
NEW_OFFICE = "+16305550170"
NEW_APPLICATION = "Naperville office"


@dataclass(frozen=True)
class Sender:
    number: str
    letter: Letter
    # As the team's address book has it; empty for strangers.
    name: str = ""


@dataclass(frozen=True)
class Arrival:
    """A fax that came so long ago, and what has become of it. `lost` is one whose pages Telnyx cannot find any more."""

    ago: timedelta
    sender: Sender
    to: str = REFERRALS
    pages: int = 1
    tiff: bool = False
    fail: str = ""
    lost: bool = False
    assigned: str = ""
    tags: tuple[str, ...] = ()
    note: tuple[str, str] = ("", "")
    handled: str = ""


CARDIOLOGY = Sender(
    "+13125550160",
    Letter(
        "Lakeview Cardiology",
        "1420 North Shore Drive, Suite 300, Chicago · Phone +1 312 555 0160",
        "Referral: M. Ellison, born March 14, 1951",
        (
            "Dear colleagues,",
            "thank you for seeing Mrs. Ellison at short notice. She has had chest tightness on exertion since "
            "September, mostly on stairs, and her last stress test was inconclusive.",
            "Her current medication is listed below. We would be grateful for your report by fax.",
        ),
        ("Medication", "Dose", "Since"),
        (
            ("Lisinopril", "10 mg, mornings", "March 2021"),
            ("Metformin", "500 mg, twice a day", "November 2019"),
            ("Atorvastatin", "20 mg, at night", "June 2023"),
            ("Aspirin", "81 mg, mornings", "June 2023"),
        ),
        "Dr. Helen Park",
    ),
    "Lakeview Cardiology",
)
PHARMACY = Sender(
    "+13125550134",
    Letter(
        "Halsted Street Pharmacy",
        "2208 South Halsted Street, Chicago · Phone +1 312 555 0133",
        "Refill authorization request",
        (
            "The patients below have asked us for refills that need your approval.",
            "Please initial each line and fax this sheet back today.",
        ),
        ("Patient", "Prescription", "Approved"),
        (
            ("R. Alvarez", "Levothyroxine 50 mcg", ""),
            ("T. Brandt", "Amlodipine 5 mg", ""),
            ("J. Cole", "Sertraline 100 mg", ""),
            ("P. Diaz", "Albuterol inhaler", ""),
        ),
        "Sam Okafor, PharmD",
    ),
    "Halsted Street Pharmacy",
)
LAB = Sender(
    "+13125550171",
    Letter(
        "Midway Diagnostics",
        "Laboratory results · CLIA 14D0000000 · Phone +1 312 555 0170",
        "Complete blood count and chemistry",
        ("Collected this morning, fasting. Values marked with H or L are outside of the reference range.",),
        ("Test", "Result", "Reference"),
        (
            ("Hemoglobin", "13.9 g/dL", "12.0 to 15.5"),
            ("White cells", "11.8 K/uL  H", "4.0 to 11.0"),
            ("Platelets", "244 K/uL", "150 to 400"),
            ("Glucose", "118 mg/dL  H", "70 to 99"),
            ("Creatinine", "0.9 mg/dL", "0.6 to 1.1"),
            ("Sodium", "139 mmol/L", "136 to 145"),
            ("Potassium", "4.2 mmol/L", "3.5 to 5.1"),
            ("TSH", "2.31 mIU/L", "0.40 to 4.50"),
        ),
        "L. Moreno, MT",
    ),
    "Midway Diagnostics",
)
INSURER = Sender(
    "+18475550188",
    Letter(
        "Prairie Mutual Health",
        "Utilization review · P.O. Box 4410, Rockford, Illinois · Phone +1 847 555 0187",
        "Prior authorization: approved",
        (
            "Member 8841-220-17. The service below is approved for ninety days from the date of this letter.",
            "Please put the authorization number on every claim. This is no guarantee of payment.",
        ),
        ("Service", "Units", "Authorization"),
        (("Cardiac MRI", "1", "PA-771902"), ("Follow-up visit", "2", "PA-771903")),
        "Utilization Review",
    ),
    "Prairie Mutual Health",
)
LAW_OFFICE = Sender(
    "+13125550147",
    Letter(
        "Whitfield & Crane, Attorneys at Law",
        "77 West Wacker Drive, Suite 2100, Chicago · Phone +1 312 555 0146",
        "Request for records: Ellison v. Northline Transit",
        (
            "We represent Mrs. Ellison. Enclosed is her signed authorization to release records.",
            "Please send complete records of treatment from January 2024 until today, with itemized bills, within "
            "thirty days. We pay the statutory copying fee on receipt of your invoice.",
        ),
        ("Document", "Period", "Copies"),
        (
            ("Office notes", "Jan 2024 to now", "1"),
            ("Imaging reports", "Jan 2024 to now", "1"),
            ("Itemized bills", "Jan 2024 to now", "2"),
        ),
        "Daniel Whitfield",
    ),
    "Whitfield & Crane LLP",
)
CLERK = Sender(
    "+12175550119",
    Letter(
        "Sangamon County Circuit Clerk",
        "200 South Ninth Street, Springfield, Illinois · Phone +1 217 555 0118",
        "Subpoena for production of documents",
        (
            "You are commanded to produce the documents listed below at the office of the Clerk within fourteen "
            "days of service. A certified copy by fax is accepted.",
        ),
        ("Item", "Case", "Due"),
        (("Intake forms", "L-000417", "14 days"), ("Billing ledger", "L-000417", "14 days")),
        "Clerk of the Circuit Court",
    ),
    "Sangamon County Clerk",
)
CLINIC = Sender(
    "+17735550152",
    Letter(
        "Riverside Family Clinic",
        "12 Mill Road, Oak Park · Phone +1 773 555 0151",
        "Transfer of care: chart summary",
        (
            "Our patient has moved to your area and has asked us to send the chart. A summary stands first; visits "
            "follow in order, the latest one first.",
        ),
        ("Visit", "Reason", "Seen by"),
        (
            ("October 2", "Annual physical", "Dr. Lim"),
            ("June 18", "Knee pain", "Dr. Lim"),
            ("March 3", "Influenza", "N. Price, NP"),
            ("November 21, 2024", "Blood pressure", "Dr. Lim"),
            ("August 9, 2024", "Vaccination", "N. Price, NP"),
            ("May 30, 2024", "Ankle sprain", "Dr. Osei"),
            ("January 12, 2024", "Follow-up", "Dr. Lim"),
        ),
        "Dr. Grace Lim",
    ),
    "Riverside Family Clinic",
)
IMAGING = Sender(
    "+17085550126",
    Letter(
        "Westgate Imaging Center",
        "900 Ogden Avenue, Lisle · Phone +1 708 555 0125",
        "Report: MRI of the left knee",
        (
            "Technique: multiplanar sequences without contrast. Comparison: radiographs of last month.",
            "Findings: horizontal tear of the posterior horn of the medial meniscus. The ligaments are intact. There "
            "is a small effusion, and no fracture.",
            "Impression: tear of the medial meniscus. Orthopedic consultation is suggested.",
        ),
        signed="A. Rosen, MD, Radiology",
    ),
    "Westgate Imaging",
)
STRANGER = Sender(
    "+16085550193",
    Letter(
        "Badger Office Supply",
        "Madison, Wisconsin · Phone +1 608 555 0190",
        "Toner and paper: this week's prices",
        ("Twenty percent off every carton of paper ordered by Friday. Delivery is free.",),
        ("Article", "Unit", "Price"),
        (("Copy paper, letter", "Carton", "$31.90"), ("Toner, black", "Each", "$64.00")),
    ),
)


def _ago(days: float = 0, hours: float = 0, minutes: float = 0) -> timedelta:
    return timedelta(days=days, hours=hours, minutes=minutes)


ARRIVALS = (
    Arrival(_ago(minutes=6), PHARMACY),
    Arrival(_ago(minutes=31), CARDIOLOGY, pages=3, tags=("referral",)),
    Arrival(_ago(hours=1, minutes=12), LAB, pages=2, tiff=True),
    Arrival(_ago(hours=2, minutes=5), IMAGING, tags=("urgent",), assigned="ben"),
    Arrival(_ago(hours=2, minutes=40), STRANGER, fail="sender_call_dropped"),
    Arrival(_ago(hours=3, minutes=20), INSURER, BILLING, assigned="ann"),
    Arrival(
        _ago(hours=4, minutes=48),
        CLINIC,
        pages=12,
        tags=("transfer",),
        assigned="ben",
        note=("ben", "Pages 4 and 9 are faint. I have asked the clinic to send them once more."),
    ),
    Arrival(_ago(hours=6), CARDIOLOGY, NEW_OFFICE, pages=2),
    Arrival(_ago(days=1, hours=1), PHARMACY, handled="ben"),
    Arrival(_ago(days=1, hours=2), STRANGER, BILLING, handled="ann", tags=("advertising",)),
    Arrival(_ago(days=1, hours=3), LAB, pages=2, tags=("lab",), note=("ann", "White cells are high. Dr. Lim knows.")),
    Arrival(_ago(days=1, hours=5), LAW_OFFICE, pages=4, tags=("records request",)),
    # A line of the other team, which the demo's people do not see.
    Arrival(_ago(days=1, hours=6), CLINIC, RECORDS, pages=2),
    Arrival(_ago(days=2, hours=1), INSURER, BILLING, pages=2, handled="ann"),
    Arrival(_ago(days=2, hours=4), CARDIOLOGY, pages=2, tags=("referral",), handled="ben"),
    Arrival(_ago(days=3, hours=3), CLERK, pages=2, tags=("records request",), note=("ann", "Due in fourteen days.")),
    Arrival(_ago(days=4, hours=2), IMAGING, handled="ben"),
    Arrival(_ago(days=5, hours=1), PHARMACY, pages=2, handled="ben"),
    # Telnyx keeps pages for seven days: within a minute the portal gives these up, and says so.
    Arrival(KEPT_AT_TELNYX - _ago(minutes=1), LAW_OFFICE, pages=3, lost=True),
)
